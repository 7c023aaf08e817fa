import FluxionCalculus

/// The weighted mean `Σ α_k w_k` as a differentiable function: its Jacobians are `α_k I`.
///
/// The mean itself is the exact one; only derivatives are made from the rule.
extension ExactMean: CoordinatewiseAggregator {
  static let weightedSum = CoordinatewiseRule { vectors, shares in
    zip(vectors, shares).dropFirst().reduce(shares[0] * vectors[0]) { $0 + $1.1 * $1.0 }
  }

  public var rule: CoordinatewiseRule { Self.weightedSum }

  public func makeAccumulator(count: Int) -> any UpdateAccumulator { ExactAccumulator(count: count) }

  public func aggregate(_ updates: [ClientUpdate]) throws -> [Float] {
    var sum = ExactAccumulator(count: updates.first?.values.count ?? 0)
    for update in updates { try sum.add(update.values, weight: Double(update.weight)) }
    return try sum.finish()
  }
}
