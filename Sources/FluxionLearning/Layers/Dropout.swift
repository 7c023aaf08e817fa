public import FluxionCalculus

/// Zeros each element with probability `rate` while training and scales the rest by 1/(1 − rate); evaluation passes
/// everything (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, JMLR 15).
///
/// Any shape, and the same comes out. Programs that train such a model read a key, another one each step.
public struct Dropout: Layer {
  /// From 0 up to but not 1.
  public let rate: Float

  public init(_ rate: Float) { self.rate = rate }

  public var name: String { "dropout" }

  public var isStochastic: Bool { rate > 0 }

  public func outputShape(input: Shape) throws -> Shape {
    guard rate >= 0, rate < 1 else {
      throw FluxionError(.invalidArgument, "dropout takes a rate from 0 up to but not 1; it was given \(rate)")
    }
    return input
  }

  public func callAsFunction(_ x: Tensor, parameters: [Tensor], context: inout LayerContext) -> Tensor {
    guard context.isTraining, isStochastic else { return x }
    guard let key = context.dropoutKey else {
      return .invalid(FluxionError(.invalidArgument, "dropout needs a random key while training; there is none"))
    }
    return dropout(x, rate: rate, key: key, stream: context.nextStream())
  }
}
