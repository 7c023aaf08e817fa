import FluxionCalculus
public import FluxionLearning
import Foundation

/// Federated averaging that tunes its own hyperparameters by exact hypergradients.
///
/// In round `t` client `k` carries `u_k = dw_k/dθ` through all its local steps (``TangentStepProgram``) and keeps it. In
/// the next round in which it takes part it forms `h_k = ⟨u_k, ∇L_k(w_t+1)⟩`, the derivative of its loss under the new
/// global model with respect to `θ`, moves its value by it (``TuningRule``) and uploads the value: one number a
/// hyperparameter. The server takes the weighted mean of the values in their coordinates `z`, for a learning rate the
/// weighted geometric mean `log θ = Σ α_k log θ_k`, over the clients that had a tangent.
///
/// With ``Tuning/Mode/server`` the server sends `v = ∇L(w_t+1)` on examples of its own, clients return `⟨u_k, v⟩` and
/// `‖u_k‖`, and the server moves its one value by `Σ α_k ⟨u_k, v⟩`, the exact hypergradient of its loss.
///
/// The server's own learning rate `γ` has the tangent of the server's step alone, `u = ∂w_t+1/∂γ`: the server sends it
/// to the clients, who return `⟨u, ∇L_k(w_t+1)⟩`, or in server mode takes the product with `v` itself.
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
  /// The gradient of the mean loss over the server's own examples; what ``Tuning/Mode/server`` goes by.
  public var serverGradient: (@Sendable (Parameters) throws -> [Float])?

  public init(
    _ averaging: FederatedAveraging, _ tuning: Tuning,
    serverGradient: (@Sendable (Parameters) throws -> [Float])? = nil
  ) {
    self.averaging = averaging
    self.tuning = tuning
    self.serverGradient = serverGradient
  }

  public var name: String { averaging.name + ", tuned" }

  public struct State: Codable, Hashable, Sendable {
    public var averaging: FederatedAveraging.State
    /// What all parties train with, for each local hyperparameter that is tuned; the mean where each has its own.
    public var values: [Double]
    /// What parties train with that have values of their own and have told them.
    public var parties: [Int: [Double]] = [:]
    /// The server's learning rate, where it is tuned.
    public var serverLearningRate: Double?
    /// How often the server moved values itself.
    public var steps = 0
    /// How often values were lowered because training diverged.
    public var recoveries = 0
    /// The mean loss of the first global model, as the parties found it.
    public var firstLoss: Double?
    /// The gradient of the server's loss at the global model, in server mode.
    var serverGradient: [Float]?
    /// The derivative of the global model with respect to the server's learning rate, where clients are to judge it.
    var serverTangent: [Float]?
  }

  var local: [TunedHyperparameter] { tuning.hyperparameters.filter(\.isLocal) }
  var tunesServer: Bool { tuning.hyperparameters.contains(.serverLearningRate) }

  public func initialState(for parameters: Parameters) throws -> State {
    guard (tuning.mode == .server) == (serverGradient != nil) else {
      throw FluxionError(
        .invalidArgument,
        tuning.mode == .server
          ? "tuning by the server needs examples that the server holds; keep some for it, or use the mode shared"
          : "only the mode server tunes by examples of the server")
    }
    var state = State(averaging: try averaging.initialState(for: parameters), values: try initialValues())
    if tunesServer { state.serverLearningRate = try initialServerRate() }
    return state
  }

  private func initialValues() throws -> [Double] {
    let given =
      averaging.local.optimizer.hyperparameters + averaging.local.objective.terms.flatMap(\.hyperparameters)
    return try local.map { hyperparameter in
      let value = given.first { $0.name == hyperparameter.programName }?.value
      guard value != nil || hyperparameter != .momentum else {
        throw FluxionError(
          .invalidArgument,
          "optimizer \(averaging.local.optimizer.name) has no momentum to tune; use momentum or nesterov")
      }
      // By its decimals: 0.05, not the 0.05000000074505806 that the nearest Float is.
      let initial = Double("\(value ?? 0)") ?? 0
      try hyperparameter.requireBeginning(initial)
      return initial
    }
  }

  private func initialServerRate() throws -> Double {
    guard let rate = averaging.server.optimizer?["learningRate"] else {
      throw FluxionError(
        .invalidArgument,
        "plain averaging has no server learning rate to tune; use a server optimizer such as sgd with a rate of 1")
    }
    try TunedHyperparameter.serverLearningRate.requireBeginning(Double(rate))
    return Double(rate)
  }

  /// Averaging with the values of a state.
  private func averaging(with state: State) throws -> FederatedAveraging {
    var tuned = averaging
    for (hyperparameter, value) in zip(local, state.values) {
      tuned.local = try tuned.local.setting(hyperparameter.programName, to: Float(value))
    }
    tuned.local.tangents = local.map(\.programName)
    return tuned
  }

  public func plan(round: Int, state: State) throws -> RoundPlan {
    var plan = try averaging(with: state).plan(round: round, state: state.averaging)
    plan.tuning = TuningRequest(
      hyperparameters: local, values: state.values,
      bounds: zip(local, try initialValues()).map { $0.bounds(from: $1) },
      partyValues: tuning.mode == .perParty ? state.parties : nil, rule: tuning.rule,
      gradientBatches: tuning.gradientBatches, referenceLoss: state.firstLoss,
      serverGradient: state.serverGradient, serverTangent: state.serverTangent,
      serverLearningRate: state.serverLearningRate, isServers: tuning.mode == .server)
    return plan
  }

  public func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) throws {
    if state.firstLoss == nil { state.firstLoss = weightedMean(PartyTuning.Figure.startingLoss, aggregate) }
    switch tuning.mode {
    case .shared, .perParty: takeProposals(aggregate, &state)
    case .server: try moveValues(aggregate, &state)
    }
    if let rate = state.serverLearningRate, let alignment = serverAlignment(aggregate, state) {
      try moveServerRate(from: rate, alignment, &state)
    }
    let tangent = try averaging.step(
      &parameters, aggregate, state: &state.averaging, serverLearningRate: state.serverLearningRate)
    if let serverGradient {
      let gradient = try serverGradient(parameters)
      state.serverGradient = gradient
      if let rate = state.serverLearningRate, let tangent {
        let alignment = gradient.withUnsafeBufferPointer { PartyTuning.product(tangent, $0).alignment }
        try moveServerRate(from: rate, alignment, &state)
      }
    } else {
      state.serverTangent = tangent
    }
    state.steps += 1
  }
}

// What becomes of what the parties upload.
extension TunedAveraging {
  private func weight(_ contribution: Aggregate.Contribution) -> Double {
    Double(averaging.weighting.weight(samples: contribution.metrics.samples))
  }

  /// `Σ α_k x_k` over the parties that told `x`; nil if none did.
  private func weightedMean(
    _ aggregate: Aggregate, _ value: (Aggregate.Contribution) -> Double?
  ) -> Double? {
    var (sum, weights) = (0.0, 0.0)
    for contribution in aggregate.contributions {
      guard let value = value(contribution), value.isFinite else { continue }
      sum += weight(contribution) * value
      weights += weight(contribution)
    }
    return weights > 0 ? sum / weights : nil
  }

  private func weightedMean(_ figure: String, _ aggregate: Aggregate) -> Double? {
    weightedMean(aggregate) { $0.metrics.figures[figure] }
  }

  private func takeProposals(_ aggregate: Aggregate, _ state: inout State) {
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
      let mean = weightedMean(aggregate) { $0.proposal(hyperparameter).map(hyperparameter.coordinate) }
      if let mean { state.values[position] = hyperparameter.value(at: mean) }
    }
  }

  /// Server mode: `Σ α_k ⟨u_k, v⟩`, over the length that the mean tangent has at most.
  private func moveValues(_ aggregate: Aggregate, _ state: inout State) throws {
    let bounds = zip(local, try initialValues()).map { $0.bounds(from: $1) }
    for (position, hyperparameter) in local.enumerated() {
      guard let product = weightedMean(PartyTuning.Figure.hypergradient(hyperparameter), aggregate),
        let length = weightedMean(PartyTuning.Figure.length(hyperparameter), aggregate), length > 0
      else { continue }
      let gradient = (state.serverGradient ?? []).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      state.values[position] = tuning.rule.next(
        state.values[position], of: hyperparameter, alignment: gradient > 0 ? product / (length * gradient) : 0,
        after: state.steps, within: bounds[position])
    }
  }

  /// The cosine between the tangent of the server's last step and the mean gradient, as far as the parties' own
  /// gradients tell its length.
  private func serverAlignment(_ aggregate: Aggregate, _ state: State) -> Double? {
    guard state.serverTangent != nil else { return nil }
    return weightedMean(PartyTuning.Figure.alignment(.serverLearningRate), aggregate)
  }

  private func moveServerRate(from rate: Double, _ alignment: Double, _ state: inout State) throws {
    state.serverLearningRate = tuning.rule.next(
      rate, of: .serverLearningRate, alignment: alignment, after: state.steps,
      within: TunedHyperparameter.serverLearningRate.bounds(from: try initialServerRate()))
  }
}

// Recovery.
extension TunedAveraging {
  /// Divides what is tuned by ten where training diverged: the learning rate, or else all local hyperparameters, in
  /// their coordinates.
  public func recover(from divergence: Divergence, state: inout State) throws -> String? {
    guard state.recoveries < tuning.recoveryLimit, !local.isEmpty else { return nil }
    let lowered = local.contains(.learningRate) ? [TunedHyperparameter.learningRate] : local
    let before = state.parties[divergence.client] ?? state.values
    var (was, now) = ([String](), [String]())
    for (position, hyperparameter) in local.enumerated() where lowered.contains(hyperparameter) {
      let target = hyperparameter.value(at: hyperparameter.coordinate(before[position]) - log(10))
      state.values[position] = min(state.values[position], target)
      // Whoever was at it or above would be next.
      for (party, values) in state.parties where values[position] >= before[position] {
        state.parties[party]?[position] = target
      }
      was.append("\(hyperparameter.rawValue.replacing("-", with: " ")) \(Self.text(before[position]))")
      now.append(Self.text(target))
    }
    state.recoveries += 1
    return "round \(divergence.round): training diverged at \(was.joined(separator: ", ")) at \(divergence.name); "
      + "going on with \(now.joined(separator: ", "))"
  }

  private static func text(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "\(value)" }
    let scale = pow(10, 2 - floor(log10(value)))
    return "\((value * scale).rounded() / scale)"
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
