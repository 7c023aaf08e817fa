public import FluxionCalculus

/// A differentiable function of a batch with parameters: what a ``Model`` is made of.
///
/// A layer is a value that holds its settings only. Parameters are not stored in it: it says which ones it needs for a
/// given input shape, and is handed them as tensors when it is traced. Shapes in ``parameters(input:)`` and
/// ``outputShape(input:)`` leave the batch axis out; tensors have it first.
///
/// ```swift
/// struct Scale: Layer {
///   let name = "scale"
///
///   func parameters(input: Shape) -> [ParameterSpec] {
///     [ParameterSpec("factor", .scalar, .constant(1))]
///   }
///
///   func outputShape(input: Shape) -> Shape { input }
///
///   func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
///     x * parameters[0]
///   }
/// }
/// ```
public protocol Layer: Sendable {
  /// The stem of generated names: a model calls its first two layers of name `dense` `dense_1` and `dense_2`.
  var name: String { get }

  /// The layer as text that ``ModelSpecification`` reads back, such as `dense(10)`.
  var specification: String { get }

  /// Whether training draws random numbers, so that programs need a key.
  var isStochastic: Bool { get }

  /// The parameters for inputs of a shape, in the order in which they are handed to the layer.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` for an input the layer cannot take,
  ///   ``FluxionError/Code/invalidArgument`` for settings that mean nothing.
  func parameters(input: Shape) throws -> [ParameterSpec]

  /// The shape of the output for inputs of a shape.
  ///
  /// - Throws: as ``parameters(input:)``.
  func outputShape(input: Shape) throws -> Shape

  /// The output for a batch `x`, of shape `[batch] + input`.
  ///
  /// - Parameters:
  ///   - parameters: one tensor for each of ``parameters(input:)``.
  ///   - context: what the layer may know of where it is used.
  func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor
}

extension Layer {
  public var specification: String { name }
  public var isStochastic: Bool { false }
  public func parameters(input: Shape) throws -> [ParameterSpec] { [] }
}

/// What a layer may know while it is traced: whether it is trained, and where random numbers come from.
public struct LayerContext {
  /// Whether the trace is of training; evaluation leaves dropout out.
  public let isTraining: Bool
  /// The `int32 [2]` key of this step, if the program has one.
  public let dropoutKey: Tensor?
  private var streams: UInt64 = 0

  public init(isTraining: Bool, dropoutKey: Tensor? = nil) {
    self.isTraining = isTraining
    self.dropoutKey = dropoutKey
  }

  /// A number no other draw under ``dropoutKey`` has.
  public mutating func nextStream() -> UInt64 {
    defer { streams += 1 }
    return streams
  }
}

/// One parameter that a layer needs: its name within the layer, its shape, and how it begins.
public struct ParameterSpec: Hashable, Sendable {
  public var name: String
  public var shape: Shape
  public var initializer: Initializer
  /// How many inputs feed one output of the weight this parameter belongs to.
  public var fanIn: Int
  /// How many outputs one input feeds.
  public var fanOut: Int

  public init(_ name: String, _ shape: Shape, _ initializer: Initializer, fanIn: Int = 1, fanOut: Int = 1) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.fanIn = fanIn
    self.fanOut = fanOut
  }
}
