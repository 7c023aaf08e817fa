import FluxionCalculus
import Foundation

extension CounterBasedGenerator {
  /// Uniform in `0 ..< bound`; `bound` must be positive.
  ///
  /// The high half of a 64-bit product: its bias is below `bound / 2⁶⁴`, and it takes one draw whatever the bound, so
  /// that streams stay aligned and no change of the standard library can change a run.
  mutating func index(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
  }
}

extension Array where Element == Int32 {
  /// Fisher–Yates from the end, by the stream of `key`.
  mutating func shuffleInPlace(key: RandomKey) {
    guard count > 1 else { return }
    var generator = key.generator()
    withUnsafeMutableBufferPointer { values in
      for last in stride(from: values.count - 1, to: 0, by: -1) {
        values.swapAt(last, generator.index(below: last + 1))
      }
    }
  }
}

extension CounterBasedGenerator {
  /// Uniform in `(0, 1]`, whose logarithm is finite.
  private mutating func nextPositive() -> Double { 1 - nextUniformDouble() }

  /// Standard normal (Box and Muller 1958): two draws each.
  package mutating func nextNormal() -> Double {
    let radius = (-2 * log(nextPositive())).squareRoot()
    return radius * cos(2 * Double.pi * nextUniformDouble())
  }

  /// The logarithm of a draw from Gamma(α, 1); α must be positive and finite.
  ///
  /// Marsaglia and Tsang 2000, "A simple method for generating gamma variables", ACM TOMS 26(3). For α < 1,
  /// `Gamma(α) = Gamma(α + 1) · U^(1/α)`, taken as a sum of logarithms because for small α the number itself
  /// underflows.
  mutating func nextLogGamma(alpha: Double) -> Double {
    if alpha < 1 { return nextLogGamma(alpha: alpha + 1) + log(nextPositive()) / alpha }
    let d = alpha - 1 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = nextNormal()
      let v = 1 + c * x
      guard v > 0 else { continue }
      let cube = v * v * v
      if log(nextPositive()) < 0.5 * x * x + d - d * cube + d * log(cube) { return log(d) + log(cube) }
    }
  }

  /// A draw from the symmetric Dirichlet distribution Dir(α, …, α) over `count` parts; the parts sum to 1.
  mutating func nextDirichlet(alpha: Double, count: Int) -> [Double] {
    var parts = (0..<count).map { _ in nextLogGamma(alpha: alpha) }
    let largest = parts.max() ?? 0
    var sum = 0.0
    for index in parts.indices {
      // With α near zero even the logarithms may be −∞; then the largest part takes all.
      let part = largest.isFinite ? exp(parts[index] - largest) : (parts[index] == largest ? 1 : 0)
      parts[index] = part
      sum += part
    }
    for index in parts.indices { parts[index] /= sum }
    return parts
  }
}
