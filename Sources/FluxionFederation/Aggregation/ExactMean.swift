import FluxionCalculus

/// The weighted mean of the updates, `Σ (n_k / n) Δ_k`, with the same bits for any order of arrival, number of threads
/// and grouping; see ``ExactAccumulator`` for how, and how exact.
///
/// McMahan et al. 2017, arXiv 1602.05629.
public struct ExactMean: Aggregator {
  public init() {}

  public var name: String { "mean" }
}

extension ExactAccumulator: UpdateAccumulator {
  public mutating func fold(_ update: UnsafeBufferPointer<Float>, weight: Int, client: Int) throws {
    try add(update, weight: Double(weight))
  }

  public mutating func foldChange(
    of values: UnsafeMutableBufferPointer<Float>, from start: UnsafeBufferPointer<Float>, weight: Int, client: Int
  ) throws {
    try add(UnsafeBufferPointer(values), minus: start, weight: Double(weight))
  }

  public mutating func merge(_ other: any UpdateAccumulator) throws {
    guard let other = other as? ExactAccumulator, other.count == count else {
      throw FluxionError(.invalidArgument, "an exact sum of \(count) elements can only be merged with another of them")
    }
    merge(other)
  }

  public func finish() throws -> [Float] {
    guard contributions > 0 else {
      throw FluxionError(.invalidArgument, "there is no mean of no updates; a round needs at least one")
    }
    return mean()
  }
}
