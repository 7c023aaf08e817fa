import FluxionCalculus
public import FluxionLearning
import Foundation

/// Federated averaging that tunes its own hyperparameters by exact hypergradients.
///
/// In round `t` client `k` carries `u_k = dw_k/dθ` through all its local steps (``TangentStepProgram``) and keeps it. In
/// the next round in which it takes part it forms `h_k = ⟨u, ∇L_k(w_t+1)⟩`, the derivative of its loss under the new
/// global model with respect to `θ`, moves its value by it (``TuningRule``) and uploads the value: one number a
/// hyperparameter. The server takes the weighted mean of the values in their coordinates `z`, for a learning rate the
/// weighted geometric mean `log θ = Σ α_k log θ_k`.
///
/// Hypergradient descent: Baydin et al. 2018, arXiv 1703.04782. Forward accumulation: Franceschi et al. 2017, arXiv
/// 1703.01785. Hypergradients through training: Maclaurin, Duvenaud and Adams 2015, arXiv 1502.03492. In federations, of
/// a single step: Wang et al. 2024, "FedHyper", arXiv 2310.03156.
///
/// ```swift
/// let averaging = FederatedAveraging(local: .sgd(learningRate: 0.005, epochs: 1, batchSize: 32))
/// let tuned = TunedAveraging(averaging, Tuning([.learningRate]))
/// ```
public struct TunedAveraging: FederatedAlgorithm {
  public var averaging: FederatedAveraging
  public var tuning: Tuning

  public init(_ averaging: FederatedAveraging, _ tuning: Tuning) {
    self.averaging = averaging
    self.tuning = tuning
  }

  public var name: String { averaging.name + ", tuned" }

  public struct State: Codable, Hashable, Sendable {
    public var averaging: FederatedAveraging.State
    /// What all parties train with, for each local hyperparameter that is tuned; the mean where each has its own.
    public var values: [Double]
    /// What parties train with that have values of their own and have told them.
    public var parties: [Int: [Double]] = [:]
    /// How often values were lowered because training diverged.
    public var recoveries = 0
  }

  private var local: [TunedHyperparameter] { tuning.hyperparameters.filter(\.isLocal) }

  private func initialValues() throws -> [Double] {
    let given =
      averaging.local.optimizer.hyperparameters + averaging.local.objective.terms.flatMap(\.hyperparameters)
    return try local.map { hyperparameter in
      guard let value = given.first(where: { $0.name == hyperparameter.programName })?.value else {
        throw FluxionError(
          .invalidArgument,
          "there is no \(hyperparameter.rawValue) to tune in local training with \(averaging.local.optimizer.name)")
      }
      try hyperparameter.requireBeginning(Double(value))
      return Double(value)
    }
  }

  public func initialState(for parameters: Parameters) throws -> State {
    State(averaging: try averaging.initialState(for: parameters), values: try initialValues())
  }

  public func plan(round: Int, state: State) throws -> RoundPlan {
    var training = averaging.local
    for (hyperparameter, value) in zip(local, state.values) {
      training = try training.setting(hyperparameter.programName, to: Float(value))
    }
    training.tangents = local.map(\.programName)
    var tuned = averaging
    tuned.local = training
    var plan = try tuned.plan(round: round, state: state.averaging)
    plan.tuning = TuningRequest(
      hyperparameters: local, values: state.values,
      bounds: zip(local, try initialValues()).map { $0.bounds(from: $1) },
      partyValues: tuning.mode == .perParty ? state.parties : nil, rule: tuning.rule,
      gradientBatches: tuning.gradientBatches)
    return plan
  }

  public func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) throws {
    try averaging.step(&parameters, aggregate, state: &state.averaging)
    if tuning.mode == .perParty {
      for contribution in aggregate.contributions {
        var values = state.parties[contribution.client] ?? state.values
        for (position, hyperparameter) in local.enumerated() {
          values[position] = contribution.proposal(hyperparameter) ?? values[position]
        }
        state.parties[contribution.client] = values
      }
    }
    for (position, hyperparameter) in local.enumerated() {
      state.values[position] = mean(of: hyperparameter, aggregate) ?? state.values[position]
    }
  }

  /// `Σ α_k z_k` as a value, over the parties that had something to go by.
  private func mean(of hyperparameter: TunedHyperparameter, _ aggregate: Aggregate) -> Double? {
    var (sum, weights) = (0.0, 0.0)
    for contribution in aggregate.contributions {
      guard let value = contribution.proposal(hyperparameter) else { continue }
      let weight = Double(averaging.weighting.weight(samples: contribution.metrics.samples))
      sum += weight * hyperparameter.coordinate(value)
      weights += weight
    }
    return weights > 0 ? hyperparameter.value(at: sum / weights) : nil
  }
}

extension Aggregate.Contribution {
  fileprivate func proposal(_ hyperparameter: TunedHyperparameter) -> Double? {
    metrics.figures[PartyTuning.Figure.proposal(hyperparameter)].flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
  }
}

extension LocalTraining {
  /// The same training with another value for a hyperparameter of its optimiser or of its proximal term.
  fileprivate func setting(_ name: String, to value: Float) throws -> LocalTraining {
    var copy = self
    if optimizer[name] != nil {
      copy.optimizer = try optimizer.setting(name, to: value)
    } else {
      copy.objective.terms = objective.terms.map { term in
        term is ProximalTerm && name == "proximal" ? ProximalTerm(value) : term
      }
    }
    return copy
  }
}
