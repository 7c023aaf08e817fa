import FluxionCalculus
public import FluxionLearning

/// Averaging by a differentiable rule `A` with a step along its derivative: clients train locally, then send their
/// change and the gradient of their loss where they ended, and the server moves to
///
///     w ← A(w₁ … w_K) − η Σ_k α_k (∂A/∂w_k)ᵀ ∇L_k(w_k)
///
/// `w_k` are the clients' parameters after training, `L_k` the mean loss over a client's training samples, and `α_k` what
/// it counts by the weighting. The step asks which way a client's model should still have gone, and lets through as much
/// of it as that model has a say in the aggregate. With the mean, `A = Σ α_k w_k`, it is
/// `w ← Σ α_k w_k − η Σ α_k² ∇L_k(w_k)`.
///
/// An upload has two values for each parameter. The server holds all of them until the round ends.
///
/// ```swift
/// let algorithm = DifferentiableAveraging(
///   local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32), aggregator: CoordinateMedian(), rate: 0.1)
/// ```
public struct DifferentiableAveraging: FederatedAlgorithm {
  public var local: LocalTraining
  public var weighting: Weighting
  /// `A`.
  public var aggregator: any DifferentiableAggregator
  /// `η`.
  public var rate: Float
  public var server: ServerOptimizer { averaging.server }
  private let averaging: ServerStep

  /// - Parameter rate: `η`, not negative. The local learning rate is a sensible one: for `K` equal clients and the mean,
  ///   the step then is `1/K` of one more local step of everybody.
  public init(
    local: LocalTraining, weighting: Weighting = .samples, aggregator: any DifferentiableAggregator = ExactMean(),
    rate: Float, server: ServerOptimizer = .averaging
  ) {
    self.local = local
    self.weighting = weighting
    self.aggregator = aggregator
    self.rate = rate
    averaging = ServerStep(server)
  }

  public var name: String { "differentiable-averaging" }

  public func initialState(for parameters: Parameters) throws -> FederatedAveraging.State {
    guard rate >= 0, rate.isFinite else {
      throw FluxionError(.invalidArgument, "the rate of the aggregation's step is not negative; it was given \(rate)")
    }
    return FederatedAveraging.State(server: try averaging.initialState(for: parameters))
  }

  public func plan(round: Int, state: FederatedAveraging.State) throws -> RoundPlan {
    RoundPlan(
      work: .training(try local.settled(inRound: round, state: state.schedule)), weighting: weighting,
      aggregator: DerivativeStep(aggregator: aggregator, rate: rate), gradient: ClientGradient(at: .end, of: .training))
  }

  public func step(
    _ parameters: inout Parameters, _ aggregate: Aggregate, state: inout FederatedAveraging.State
  ) throws {
    try averaging.move(&parameters, by: aggregate.update, state: &state.server)
    local.schedule.observe(loss: aggregate.trainLoss, &state.schedule)
  }
}

/// `A(Δ₁ … Δ_K) − η Σ_k α_k (∂A/∂w_k)ᵀ g_k` of updates with gradients behind them.
struct DerivativeStep: Aggregator {
  let aggregator: any DifferentiableAggregator
  let rate: Float

  var name: String { "\(aggregator.name), step along the derivative" }

  func makeAccumulator(count: Int) -> any UpdateAccumulator {
    KeptUpdates(count: count, takesGradients: true) { updates in
      var result = try aggregator.aggregate(updates)
      guard rate > 0 else { return result }
      let slope = try aggregator.pullbackSum(
        updates.compactMap(\.gradient), scales: updates.shares, at: updates)
      for index in result.indices { result[index] -= rate * slope[index] }
      return result
    }
  }
}
