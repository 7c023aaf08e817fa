/// An aggregator as a differentiable function `w = A(w₁ … w_K)` of the clients' parameters.
///
/// Every rule is translation equivariant, `A(w + Δ₁ … w + Δ_K) = w + A(Δ₁ … Δ_K)`. So it is applied to updates, and its
/// Jacobians `∂A/∂w_k` are those with respect to the updates.
///
/// ```swift
/// let rule: any DifferentiableAggregator = CoordinateMedian()
/// let median = try rule.aggregate(updates)
/// let products = try rule.pullback(median, at: updates)  // (∂A/∂w_k)ᵀ v with v = median, for each client
/// ```
public protocol DifferentiableAggregator: Aggregator {
  /// `A(Δ₁ … Δ_K)`, of as many values as each update.
  ///
  /// - Parameter updates: at least one, finite, ascending by client.
  func aggregate(_ updates: [ClientUpdate]) throws -> [Float]

  /// `(∂A/∂w_k)ᵀ v` for every client `k`, in the order of the updates.
  func pullback(_ cotangent: [Float], at updates: [ClientUpdate]) throws -> [[Float]]

  /// `Σ_k s_k (∂A/∂w_k)ᵀ v_k`: each client's Jacobian with a cotangent and a scale of its own.
  func pullbackSum(_ cotangents: [[Float]], scales: [Float], at updates: [ClientUpdate]) throws -> [Float]
}

extension DifferentiableAggregator {
  public func makeAccumulator(count: Int) -> any UpdateAccumulator {
    KeptUpdates(count: count) { try self.aggregate($0) }
  }
}

extension [ClientUpdate] {
  /// What each counts, `α_k = n_k / n`.
  package var shares: [Float] {
    let total = Double(reduce(0) { $0 + $1.weight })
    return map { Float(Double($0.weight) / total) }
  }
}
