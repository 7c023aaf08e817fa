public import FluxionCalculus

/// An affine map of the last axis: `y = x W + b`, with `W` `[in, units]` and `b` `[units]`.
///
/// Input `[…, in]`, output `[…, units]`. Images are not flattened by it: put ``Flatten`` before.
///
/// ```swift
/// let model = Model { Flatten(); Dense(200); ReLU(); Dense(10) }
/// ```
public struct Dense: Layer {
  public let units: Int
  public let initializer: Initializer
  public let hasBias: Bool

  /// - Parameters:
  ///   - initializer: of the weight. The bias begins as the weight does under ``Initializer/fanInUniform`` (as in
  ///     PyTorch) and at zero under any other.
  public init(_ units: Int, initializer: Initializer = .fanInUniform, bias: Bool = true) {
    self.units = units
    self.initializer = initializer
    self.hasBias = bias
  }

  public var name: String { "dense" }

  public func parameters(input: Shape) throws -> [ParameterSpec] {
    let inputs = try checkedInputs(input)
    let weight = ParameterSpec("weight", [inputs, units], initializer, fanIn: inputs, fanOut: units)
    let bias = ParameterSpec("bias", [units], initializer.ofBias, fanIn: inputs, fanOut: units)
    return hasBias ? [weight, bias] : [weight]
  }

  public func outputShape(input: Shape) throws -> Shape {
    _ = try checkedInputs(input)
    return Shape(input.dimensions.dropLast() + [units])
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    let rows = x.shape.rank == 2 ? x : x.reshaped(to: [x.shape.dimensions.dropLast().reduce(1, *), x.shape.last ?? 0])
    let product = matmul(rows, parameters[0])
    let sum = hasBias ? product + parameters[1] : product
    return sum.reshaped(to: Shape(x.shape.dimensions.dropLast() + [units]))
  }

  private func checkedInputs(_ input: Shape) throws -> Int {
    guard units > 0 else {
      throw FluxionError(.invalidArgument, "a dense layer needs at least 1 unit; it was given \(units)")
    }
    guard let inputs = input.last, inputs > 0 else {
      throw FluxionError(.shapeMismatch, "a dense layer takes […, in] with at least 1 input; it was given \(input)")
    }
    return inputs
  }
}
