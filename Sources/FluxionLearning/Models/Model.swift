public import FluxionCalculus

/// A chain of layers, itself a layer.
///
/// A model holds no numbers: ``initialParameters(input:key:)`` makes them, and they travel as one flat vector.
///
/// ```swift
/// let model = Model {
///   Conv2D(filters: 32, kernel: 5, padding: .same); ReLU(); MaxPool2D(2)
///   Flatten(); Dense(512); ReLU(); Dense(10)
/// }
/// let parameters = try model.initialParameters(input: [28, 28, 1], key: RandomKey(seed: 7))
/// ```
public struct Model: Layer {
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }

  public init(@ModelBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  public var name: String { "model" }

  public var isStochastic: Bool { layers.contains { $0.isStochastic } }

  public func parameters(input: Shape) throws -> [ParameterSpec] {
    try placements(input: input).flatMap { placement in
      placement.parameters.map { parameter in
        var parameter = parameter
        parameter.name = "\(placement.name).\(parameter.name)"
        return parameter
      }
    }
  }

  public func outputShape(input: Shape) throws -> Shape { try placements(input: input).last?.output ?? input }

  /// The output for a batch; invalid, with the first layer that failed in its message, if a layer cannot take its
  /// input.
  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    var x = x
    var unused = parameters[...]
    do {
      for placement in try placements(input: Shape(Array(x.shape.dimensions.dropFirst()))) {
        let own = Array(unused.prefix(placement.parameters.count))
        guard own.map(\.shape) == placement.parameters.map(\.shape) else {
          throw FluxionError(
            .shapeMismatch,
            "\(placement.name) takes parameters of shapes \(placement.parameters.map(\.shape)); "
              + "it was given \(own.map(\.shape))")
        }
        unused = unused.dropFirst(own.count)
        let y = placement.layer(x, parameters: own, context: &context)
        if let error = y.error, x.error == nil {
          throw FluxionError(error.code, "\(placement.name): \(error.message)", cause: error.cause)
        }
        x = y
      }
      return x
    } catch {
      return .invalid(error as? FluxionError ?? FluxionError(.invalidArgument, "a layer failed", cause: error))
    }
  }
}

extension Model {
  /// A layer with its name in the model, its shapes and its parameters.
  struct Placement {
    let name: String
    let layer: any Layer
    let output: Shape
    let parameters: [ParameterSpec]
  }

  /// Every layer for inputs of a shape; an error names the layer that cannot take what comes to it.
  func placements(input: Shape) throws -> [Placement] {
    var counts: [String: Int] = [:]
    var shape = input
    _ = try input.checkedElementCount("the input of a model")
    return try layers.map { layer in
      counts[layer.name, default: 0] += 1
      let name = "\(layer.name)_\(counts[layer.name, default: 1])"
      do {
        let parameters = try layer.parameters(input: shape)
        shape = try layer.outputShape(input: shape)
        _ = try shape.checkedElementCount("an output")
        return Placement(name: name, layer: layer, output: shape, parameters: parameters)
      } catch let error as FluxionError {
        throw FluxionError(error.code, "\(name): \(error.message)", cause: error.cause)
      }
    }
  }

  /// Names, shapes and places of the parameters for inputs of a shape without the batch axis.
  ///
  /// - Throws: ``FluxionError`` that names the layer which cannot take its input.
  public func layout(input: Shape) throws -> ParameterLayout {
    try ParameterLayout(try parameters(input: input).map { ($0.name, $0.shape) })
  }

  /// Parameters as the layers' initialisers draw them; a pure function of model, shape and key.
  ///
  /// - Throws: as ``layout(input:)``.
  public func initialParameters(input: Shape, key: RandomKey) throws -> Parameters {
    let specifications = try parameters(input: input)
    let layout = try layout(input: input)
    var values: [Float] = []
    values.reserveCapacity(layout.count)
    for (index, parameter) in specifications.enumerated() {
      values += parameter.initializer.values(
        count: parameter.shape.count, fanIn: parameter.fanIn, fanOut: parameter.fanOut,
        key: key.folding("parameter", index))
    }
    return try Parameters(layout: layout, values: values)
  }
}

/// Collects the layers of a ``Model``; `if` and `for` are understood.
@resultBuilder
public enum ModelBuilder {
  public static func buildExpression(_ layer: some Layer) -> [any Layer] { [layer] }
  public static func buildBlock(_ components: [any Layer]...) -> [any Layer] { components.flatMap { $0 } }
  public static func buildOptional(_ component: [any Layer]?) -> [any Layer] { component ?? [] }
  public static func buildEither(first component: [any Layer]) -> [any Layer] { component }
  public static func buildEither(second component: [any Layer]) -> [any Layer] { component }
  public static func buildArray(_ components: [[any Layer]]) -> [any Layer] { components.flatMap { $0 } }
}
