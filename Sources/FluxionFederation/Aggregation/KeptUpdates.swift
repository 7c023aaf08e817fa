import FluxionCalculus

/// Keeps every update, and makes one of them in the end: for rules that need all of them at once.
///
/// Memory grows with the cohort: clients × values of an upload × 4 bytes. The rule sees the updates ascending by client,
/// so what it makes of them does not depend on who took which.
struct KeptUpdates: UpdateAccumulator {
  /// Values of an update.
  let count: Int
  /// Whether a gradient, of as many values, lies behind every update.
  let takesGradients: Bool
  let combine: @Sendable ([ClientUpdate]) throws -> [Float]
  private var kept: [ClientUpdate] = []

  init(
    count: Int, takesGradients: Bool = false, combine: @escaping @Sendable ([ClientUpdate]) throws -> [Float]
  ) {
    self.count = count
    self.takesGradients = takesGradients
    self.combine = combine
  }

  var updates: [ClientUpdate]? { kept.sorted { $0.client < $1.client } }

  mutating func fold(_ update: UnsafeBufferPointer<Float>, weight: Int, client: Int) throws {
    let expected = takesGradients ? 2 * count : count
    guard update.count == expected else {
      throw FluxionError(.invalidArgument, "an upload has \(update.count) values; this rule takes \(expected)")
    }
    guard weight > 0 else {
      throw FluxionError(.invalidArgument, "a weight is positive; it was \(weight)")
    }
    // 0 as long as every value is finite, and NaN from the first that is not.
    guard update.reduce(Float(0), { $0 + $1 * 0 }) == 0 else {
      throw FluxionError(.diverged, "an update has an element that is not finite")
    }
    kept.append(
      ClientUpdate(
        client: client, weight: weight, values: Array(update[..<count]),
        gradient: takesGradients ? Array(update[count...]) : nil))
  }

  mutating func merge(_ other: any UpdateAccumulator) throws {
    guard let other = other as? KeptUpdates, other.count == count, other.takesGradients == takesGradients else {
      throw FluxionError(.invalidArgument, "kept updates can only be merged with others of their kind")
    }
    kept += other.kept
  }

  func finish() throws -> [Float] {
    guard let updates, !updates.isEmpty else {
      throw FluxionError(.invalidArgument, "nothing follows from no updates; a round needs at least one")
    }
    return try combine(updates)
  }

  mutating func reset() { kept.removeAll() }
}

/// Every update on its own, for whoever weighs them later.
package struct CollectedUpdates: Aggregator {
  let takesGradients: Bool

  package init(takesGradients: Bool = false) { self.takesGradients = takesGradients }

  package var name: String { takesGradients ? "updates with gradients" : "updates" }

  package func makeAccumulator(count: Int) -> any UpdateAccumulator {
    KeptUpdates(count: count, takesGradients: takesGradients) { try ExactMean().aggregate($0) }
  }
}
