extension Tensor {
  /// Uniform numbers in `[0, 1)` that are a pure function of a key `int32 [2]` and a stream.
  ///
  /// Two calls with one key must differ in their stream, or they give the same numbers.
  public static func uniform(_ shape: Shape, key: Tensor, stream: UInt64) -> Tensor {
    .apply(.randomUniform(shape, stream: stream), [key])
  }
}

/// Zeros elements with probability `rate` and scales the rest by `1 / (1 − rate)` (Srivastava et al. 2014).
///
/// - Parameters:
///   - rate: in `0..<1`.
///   - key: `int32 [2]`, another one each step.
///   - stream: one a dropout layer.
public func dropout(_ x: Tensor, rate: Float, key: Tensor, stream: UInt64) -> Tensor {
  guard rate >= 0, rate < 1 else {
    return .invalid(FluxionError(.invalidArgument, "dropout takes a rate from 0 up to but not 1; it was given \(rate)"))
  }
  guard rate > 0 else { return x }
  let keep = Tensor(rate) .<= .uniform(x.shape, key: key, stream: stream)
  return x * (keep * Tensor(1 / (1 - rate)))
}
