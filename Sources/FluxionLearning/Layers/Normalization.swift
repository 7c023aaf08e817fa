public import FluxionCalculus

/// `(x − μ)/√(σ² + ε) · scale + offset`, mean and (biased) variance over the last axis of each example
/// (Ba, Kiros and Hinton 2016, arXiv 1607.06450).
///
/// Input and output `[…, c]`, `scale` and `offset` `[c]`. It keeps no running statistics, so nothing but parameters has
/// to be aggregated.
public struct LayerNorm: Layer {
  public let epsilon: Float

  public init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

  public var name: String { "layer_norm" }

  public func parameters(input: Shape) throws -> [ParameterSpec] { affine(of: try channels(of: input)) }

  public func outputShape(input: Shape) throws -> Shape {
    _ = try channels(of: input)
    return input
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    normalized(x, axes: [x.shape.rank - 1], epsilon) * parameters[0] + parameters[1]
  }
}

/// `(x − μ)/√(σ² + ε) · scale + offset`, mean and (biased) variance over all positions of a group of neighbouring
/// channels of each example (Wu and He 2018, arXiv 1803.08494).
///
/// Input and output `[…, c]`, `scale` and `offset` `[c]`; `c` must be a multiple of `groups`.
public struct GroupNorm: Layer {
  public let groups: Int
  public let epsilon: Float

  public init(groups: Int, epsilon: Float = 1e-5) {
    self.groups = groups
    self.epsilon = epsilon
  }

  public var name: String { "group_norm" }

  public func parameters(input: Shape) throws -> [ParameterSpec] { affine(of: try checkedChannels(input)) }

  public func outputShape(input: Shape) throws -> Shape {
    _ = try checkedChannels(input)
    return input
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    let (batch, channels) = (x.shape.dimensions.first ?? 1, x.shape.last ?? 1)
    let positions = x.shape.dimensions.dropFirst().dropLast().reduce(1, *)
    let grouped = x.reshaped(to: [batch, positions, groups, channels / groups])
    return normalized(grouped, axes: [1, 3], epsilon).reshaped(to: x.shape) * parameters[0] + parameters[1]
  }

  private func checkedChannels(_ input: Shape) throws -> Int {
    let channels = try channels(of: input)
    guard groups > 0, channels.isMultiple(of: groups) else {
      throw FluxionError(
        .shapeMismatch, "\(groups) groups do not divide \(channels) channels; the number of groups must be a divisor")
    }
    return channels
  }
}

private func channels(of input: Shape) throws -> Int {
  guard let channels = input.last, input.dimensions.allSatisfy({ $0 > 0 }) else {
    throw FluxionError(.shapeMismatch, "a normalisation takes […, channels], none empty; it was given \(input)")
  }
  return channels
}

private func affine(of channels: Int) -> [ParameterSpec] {
  [ParameterSpec("scale", [channels], .constant(1)), ParameterSpec("offset", [channels], .zeros)]
}

private func normalized(_ x: Tensor, axes: [Int], _ epsilon: Float) -> Tensor {
  let centred = x - x.mean(axes: axes, keepingDimensions: true)
  let variance = square(centred).mean(axes: axes, keepingDimensions: true)
  return centred * rsqrt(variance + Tensor(epsilon))
}
