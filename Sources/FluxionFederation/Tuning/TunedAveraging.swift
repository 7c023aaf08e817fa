import FluxionCalculus
public import FluxionLearning
import Foundation

/// Federated averaging that tunes its own hyperparameters by exact hypergradients.
///
/// In round `t` client `k` carries `u_k = dw_k/dθ` through all its local steps (``TangentStepProgram``) and keeps it. In
/// the next round in which it takes part it takes the gradient `g_k = ∇L_k(w_t+1)` of the new global model and uploads
/// `⟨u_k, g_k⟩`, the derivative of its own loss with respect to its own `θ` but for its share.
///
/// With ``Tuning/Mode/shared`` what counts is the derivative of the federation's loss with respect to everybody's `θ`,
/// `⟨Σ α_k u_k, Σ α_k g_k⟩`. Where data differ between parties, `Σ α_k ⟨u_k, g_k⟩` is a poor stand-in for it: a party's
/// gradient points where averaging took from its own model. So clients upload short sketches of both vectors
/// (``CountSketch``), and the server moves `θ` by the cosine of the sums (``TuningRule``).
///
/// With ``Tuning/Mode/perParty`` each client moves a value of its own by `⟨u_k, g_k⟩` and uploads it; the mean of the
/// values in their coordinates `z`, for a learning rate the weighted geometric mean `log θ = Σ α_k log θ_k`, is where
/// newcomers begin.
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
  /// The mean loss over the server's own examples and its gradient; what ``Tuning/Mode/server`` goes by.
  public var serverLoss: (@Sendable (Parameters) throws -> (loss: Double, gradient: [Float]))?

  public init(
    _ averaging: FederatedAveraging, _ tuning: Tuning,
    serverLoss: (@Sendable (Parameters) throws -> (loss: Double, gradient: [Float]))? = nil
  ) {
    self.averaging = averaging
    self.tuning = tuning
    self.serverLoss = serverLoss
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
    /// How often the server had something to move values by.
    public var steps = 0
    /// How often values were lowered because training diverged.
    public var recoveries = 0
    /// What was done about a global model that had become worse than the first.
    var returning: Note?
    /// The mean loss of the first global model, as the parties found it, or the server in its mode.
    public var firstLoss: Double?
    /// The global model with the lowest loss so far.
    var best: Best?
    /// The round from which on tangents count.
    var firstTangentRound = 1
    /// The server's loss at the global model and its gradient, in server mode.
    var serverLoss: Double?
    var serverGradient: [Float]?
    /// The derivative of the global model with respect to the server's learning rate, where clients are to judge it.
    var serverTangent: [Float]?
  }

  /// A global model that a run can go back to.
  struct Best: Codable, Hashable, Sendable {
    /// The round that began with it.
    var round: Int
    var loss: Double
    var values: [Float]
  }

  /// A sentence for the record of a round.
  struct Note: Codable, Hashable, Sendable {
    var round: Int
    var text: String
  }

  var local: [TunedHyperparameter] { tuning.hyperparameters.filter(\.isLocal) }
  var tunesServer: Bool { tuning.hyperparameters.contains(.serverLearningRate) }

  public func initialState(for parameters: Parameters) throws -> State {
    guard (tuning.mode == .server) == (serverLoss != nil) else {
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
      gradientBatches: tuning.gradientBatches, firstRound: state.firstTangentRound, referenceLoss: state.firstLoss,
      serverGradient: state.serverGradient, sketch: sketch(round: round, state), serverTangent: state.serverTangent,
      serverLearningRate: state.serverLearningRate, isServers: tuning.mode == .server)
    return plan
  }

  public func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) throws {
    if try returns(from: parameters, aggregate, &state) {
      if let best = state.best { try parameters.replaceValues(with: best.values) }
      if let serverLoss { (state.serverLoss, state.serverGradient) = try serverLoss(parameters) }
      return
    }
    if tuning.mode == .perParty {
      takeProposals(aggregate, &state)
    } else {
      try moveValues(aggregate, &state)
    }
    if let rate = state.serverLearningRate, let alignment = serverAlignment(aggregate, state) {
      try moveServerRate(from: rate, alignment, &state)
    }
    if aggregate.round > state.firstTangentRound { state.steps += 1 }
    let tangent = try averaging.step(
      &parameters, aggregate, state: &state.averaging, serverLearningRate: state.serverLearningRate)
    if let serverLoss {
      let (loss, gradient) = try serverLoss(parameters)
      (state.serverLoss, state.serverGradient) = (loss, gradient)
      if let rate = state.serverLearningRate, let tangent {
        let alignment = gradient.withUnsafeBufferPointer { PartyTuning.product(tangent, $0).alignment }
        try moveServerRate(from: rate, alignment, &state)
      }
    } else {
      state.serverTangent = tangent
    }
  }

  /// What parties are to sketch by: nothing before there is a tangent. The draws are no secret.
  private func sketch(round: Int, _ state: State) -> CountSketch? {
    guard tuning.mode == .shared, !local.isEmpty, round > state.firstTangentRound, let best = state.best else {
      return nil
    }
    return CountSketch(of: best.values.count, key: RandomKey(seed: 0).folding("sketch", round))
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

  func weightedMean(_ figure: String, _ aggregate: Aggregate) -> Double? {
    weightedMean(aggregate) { $0.metrics.figures[figure] }
  }

  private func takeProposals(_ aggregate: Aggregate, _ state: inout State) {
    for contribution in aggregate.contributions {
      var values = state.parties[contribution.client] ?? state.values
      for (position, hyperparameter) in local.enumerated() {
        values[position] = contribution.proposal(hyperparameter) ?? values[position]
      }
      state.parties[contribution.client] = values
    }
    for (position, hyperparameter) in local.enumerated() {
      let mean = weightedMean(aggregate) { $0.proposal(hyperparameter).map(hyperparameter.coordinate) }
      if let mean { state.values[position] = hyperparameter.value(at: mean) }
    }
  }

  private func moveValues(_ aggregate: Aggregate, _ state: inout State) throws {
    let bounds = zip(local, try initialValues()).map { $0.bounds(from: $1) }
    for (position, hyperparameter) in local.enumerated() {
      let alignment =
        tuning.mode == .shared
        ? TuningRequest.alignment(of: hyperparameter, in: aggregate.contributions, weighting: averaging.weighting)
        : alignment(of: hyperparameter, withServers: state.serverGradient ?? [], aggregate)
      guard let alignment else { continue }
      state.values[position] = tuning.rule.next(
        state.values[position], of: hyperparameter, alignment: alignment, after: state.steps, within: bounds[position])
    }
  }

  /// `Σ α_k ⟨u_k, v⟩` for the server's gradient `v`, over the length that the mean tangent has at most.
  private func alignment(
    of hyperparameter: TunedHyperparameter, withServers gradient: [Float], _ aggregate: Aggregate
  ) -> Double? {
    guard let product = weightedMean(PartyTuning.Figure.hypergradient(hyperparameter), aggregate),
      let length = weightedMean(PartyTuning.Figure.length(hyperparameter), aggregate), length > 0
    else { return nil }
    let gradientLength = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    return gradientLength > 0 ? product / (length * gradientLength) : 0
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
