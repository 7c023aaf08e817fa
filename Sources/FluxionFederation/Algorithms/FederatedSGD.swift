public import FluxionLearning

/// Federated stochastic gradient descent, FedSGD: every client sends the gradient of its loss over all its samples, and
/// the server takes one step along their weighted mean, `w ← w − η Σ (n_k/n) ∇L_k(w)`.
///
/// With all clients in the cohort and samples as weights this is gradient descent on the pooled data. McMahan et al.
/// 2017, arXiv 1602.05629, section 2.
///
/// ```swift
/// let algorithm = FederatedSGD(learningRate: 0.1)
/// let withMomentum = FederatedSGD(server: .momentum(learningRate: 0.1, momentum: 0.9))
/// ```
public struct FederatedSGD: FederatedAlgorithm {
  public var weighting: Weighting
  /// What the server does with the mean gradient.
  public var server: ServerOptimizer { step.server }
  private let step: ServerStep

  /// - Parameter learningRate: `η`.
  public init(learningRate: Float, weighting: Weighting = .samples) {
    self.init(server: ServerOptimizer(.sgd(learningRate: learningRate)), weighting: weighting)
  }

  public init(server: ServerOptimizer, weighting: Weighting = .samples) {
    step = ServerStep(server)
    self.weighting = weighting
  }

  public var name: String { "fedsgd" }

  public func initialState(for parameters: Parameters) throws -> ServerStep.State {
    try step.initialState(for: parameters)
  }

  public func plan(round: Int, state: ServerStep.State) throws -> RoundPlan {
    RoundPlan(work: .gradient, weighting: weighting)
  }

  public func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout ServerStep.State) throws {
    try step.descend(&parameters, along: aggregate.update, state: &state)
  }
}
