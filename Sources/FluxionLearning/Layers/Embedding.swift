public import FluxionCalculus

/// A row of a learnt table for each token: `[…]` → `[…, dimension]`.
///
/// Tokens are `int32`, or whole numbers as `float32` (exact up to 2²⁴); one outside the vocabulary reads zeros. The
/// table begins with the standard normal distribution, as in PyTorch.
public struct Embedding: Layer {
  public let vocabulary: Int
  public let dimension: Int
  public let initializer: Initializer

  public init(vocabulary: Int, dimension: Int, initializer: Initializer = .normal(standardDeviation: 1)) {
    self.vocabulary = vocabulary
    self.dimension = dimension
    self.initializer = initializer
  }

  public var name: String { "embedding" }

  public func parameters(input: Shape) throws -> [ParameterSpec] {
    guard vocabulary > 0, dimension > 0 else {
      throw FluxionError(
        .invalidArgument,
        "an embedding needs a vocabulary and a dimension of at least 1; it was given \(vocabulary) and \(dimension)")
    }
    return [ParameterSpec("table", [vocabulary, dimension], initializer, fanIn: vocabulary, fanOut: dimension)]
  }

  public func outputShape(input: Shape) -> Shape { Shape(input.dimensions + [dimension]) }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    gather(parameters[0], x.converted(to: .int32))
  }
}
