package import FluxionCalculus

/// The trace of a matrix that only products with vectors are known of: the mean of `zᵀ H z` over vectors `z` of random
/// signs (Hutchinson 1990, "A stochastic estimator of the trace of the influence matrix").
///
/// Signs have the least variance among probes with independent entries: twice the sum of the squares off the diagonal.
public struct Hutchinson: Sendable {
  public struct Estimate: Sendable, Equatable {
    public var value: Double
    /// The deviation of the samples over the square root of their number; nil for one.
    public var standardError: Double?

    package init(value: Double, standardError: Double? = nil) {
      self.value = value
      self.standardError = standardError
    }
  }

  private var samples: [Double] = []

  package init() {}

  /// A vector of ±1.
  package static func probe(count: Int, key: RandomKey) -> [Float] {
    var generator = key.generator()
    var bits: UInt64 = 0
    return (0..<count).map { index in
      if index % 64 == 0 { bits = generator.next() }
      defer { bits >>= 1 }
      return bits & 1 == 0 ? 1 : -1
    }
  }

  /// Takes in the product of the matrix with a probe.
  package mutating func take(_ product: [Float], of probe: [Float]) { samples.append(dotProduct(probe, product)) }

  /// nil before the first product.
  package var estimate: Estimate? {
    guard !samples.isEmpty else { return nil }
    let count = Double(samples.count)
    let mean = samples.reduce(0, +) / count
    guard samples.count > 1 else { return Estimate(value: mean) }
    let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    return Estimate(value: mean, standardError: (variance / count).squareRoot())
  }
}
