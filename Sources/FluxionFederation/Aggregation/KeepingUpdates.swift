import FluxionCalculus

/// Another aggregator that also keeps every update: for algorithms and analyses that look at them one by one.
///
/// Memory grows with the cohort: clients × parameters × 4 bytes.
///
/// ```swift
/// RoundPlan(work: .training(local), aggregator: KeepingUpdates(ExactMean()))   // Aggregate.updates is there
/// ```
public struct KeepingUpdates: Aggregator {
  public let base: any Aggregator

  public init(_ base: any Aggregator = ExactMean()) { self.base = base }

  public var name: String { "\(base.name), updates kept" }

  public func makeAccumulator(count: Int) -> any UpdateAccumulator {
    Accumulator(base: base.makeAccumulator(count: count), count: count)
  }

  package struct Accumulator: UpdateAccumulator {
    /// What takes the updates in without keeping them.
    package private(set) var base: any UpdateAccumulator
    private let count: Int
    private var kept: [ClientUpdate] = []

    init(base: any UpdateAccumulator, count: Int) { (self.base, self.count) = (base, count) }

    package var updates: [ClientUpdate]? { kept.sorted { $0.client < $1.client } }

    package mutating func fold(_ update: UnsafeBufferPointer<Float>, weight: Int, client: Int) throws {
      try base.fold(update, weight: weight, client: client)
      kept.append(ClientUpdate(client: client, weight: weight, values: Array(update.prefix(count))))
    }

    package mutating func merge(_ other: any UpdateAccumulator) throws {
      guard let other = other as? Accumulator else {
        throw FluxionError(.invalidArgument, "kept updates can only be merged with kept updates")
      }
      try base.merge(other.base)
      kept += other.kept
    }

    package func finish() throws -> [Float] { try base.finish() }

    package mutating func reset() {
      base.reset()
      kept.removeAll()
    }
  }
}
