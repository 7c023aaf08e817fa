import FluxionCalculus
public import FluxionLearning
import Foundation

/// Federated averaging with learnt weights: `w ← w + Σ_k α_k (w_k − w)` with `α = softmax(a)` over the cohort, where the
/// logits `a` follow the exact gradient of the validation loss of the new global model.
///
/// With `h_k = ⟨∇L(w), w_k⟩` at the new global model `w = Σ α_k w_k`, the chain rule through the softmax gives
///
///     ∂L/∂a_k = α_k (h_k − Σ_j α_j h_j)
///
/// in which `w_k` may be replaced by the update `w_k − w`, since the `α` sum to 1. Logits begin at `log n_k`, which is
/// plain federated averaging, and take steps of Adam (Kingma and Ba 2015, arXiv 1412.6980), so that the scale of the loss
/// does not matter. Every party has one logit; in a cohort, the softmax is over its members.
///
/// Validation is federated or the server's, see ``Validation``. Learning weights on a proxy set of the server is from Li,
/// Lin, Shang and Wu 2023, "Revisiting weighted aggregation in federated learning with neural networks" (FedLAW), ICML,
/// arXiv 2302.10911. Deviations: FedLAW also learns a factor below 1 that shrinks the sum of the weights, here they stay
/// on the simplex; FedLAW minimises over the weights in each round, here a few steps are taken and the logits remembered;
/// the federated form is not in the paper.
///
/// ```swift
/// let algorithm = LearnedWeighting(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32), validation: .parties)
/// ```
public struct LearnedWeighting: FederatedAlgorithm {
  /// Where the validation loss is taken.
  public enum Validation: Sendable {
    /// At the parties, on what each keeps: in the next round a client sends the gradient of its validation loss at the
    /// global model behind its update, and the server weighs these by the validation samples. One step a round, for the
    /// weights of the round before. The server keeps that round's updates: cohort × parameters × 4 bytes, also in
    /// checkpoints.
    case parties
    /// At the server, on a set of its own: so many steps a round, each with the gradient at where the weights then lead.
    case server(LossGradient, steps: Int = 3)
  }

  public var local: LocalTraining
  public var validation: Validation
  /// The step of the logits; with Adam, about how far one moves a step.
  public var rate: Double
  public var server: ServerOptimizer { averaging.server }
  private let averaging: ServerStep

  public init(
    local: LocalTraining, validation: Validation, rate: Double = 0.1, server: ServerOptimizer = .averaging
  ) {
    self.local = local
    self.validation = validation
    self.rate = rate
    averaging = ServerStep(server)
  }

  public var name: String { "fedavg, learned weights" }

  public struct State: Codable, Hashable, Sendable {
    /// One for each client that was ever in a cohort.
    public var logits: [Int: Logit] = [:]
    /// What each client of the last cohort counted; they sum to 1.
    public var weights: [Int: Double] = [:]
    /// The updates of the last round without gradients, ascending by client, where validation is the parties'.
    public var updates: [ClientUpdate] = []
    public var server: ServerStep.State
    public var schedule = Schedule.State()
  }

  /// A logit and the moments of its gradient.
  public struct Logit: Codable, Hashable, Sendable {
    public var value: Double
    public var firstMoment = 0.0
    public var secondMoment = 0.0
    public var steps = 0

    mutating func descend(along gradient: Double, rate: Double) {
      steps += 1
      firstMoment += 0.1 * (gradient - firstMoment)
      secondMoment += 0.001 * (gradient * gradient - secondMoment)
      let mean = firstMoment / (1 - pow(0.9, Double(steps)))
      let square = secondMoment / (1 - pow(0.999, Double(steps)))
      // The smallest normal number in place of a tolerance: gradients of the logits may all be small.
      value -= rate * mean / (square.squareRoot() + .leastNormalMagnitude)
    }
  }

  public func initialState(for parameters: Parameters) throws -> State {
    guard rate >= 0, rate.isFinite else {
      throw FluxionError(.invalidArgument, "the rate of learnt weights is not negative; it was given \(rate)")
    }
    if case .server(_, let steps) = validation, steps < 1 {
      throw FluxionError(.invalidArgument, "weights are learnt in at least 1 step a round; it was given \(steps)")
    }
    return State(server: try averaging.initialState(for: parameters))
  }

  public func plan(round: Int, state: State) throws -> RoundPlan {
    // Nothing can be learnt from the gradient of where the run began.
    let asks = if case .parties = validation { !state.updates.isEmpty } else { false }
    return RoundPlan(
      work: .training(try local.settled(inRound: round, state: state.schedule)), weighting: .samples,
      aggregator: CollectedUpdates(takesGradients: asks),
      gradient: asks ? ClientGradient(at: .start, of: .validation) : nil)
  }

  public func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) throws {
    guard var updates = aggregate.updates, !updates.isEmpty else {
      throw FluxionError(.invalidArgument, "learnt weights need every client's update; the aggregate has none")
    }
    for update in updates where state.logits[update.client] == nil {
      state.logits[update.client] = Logit(value: log(Double(update.weight)))
    }
    switch validation {
    case .parties:
      if let gradient = Self.validationGradient(updates, aggregate.contributions), !state.updates.isEmpty {
        learn(from: gradient, state.updates, &state)
      }
      for index in updates.indices { updates[index].gradient = nil }
      state.updates = updates
    case .server(let loss, let steps):
      for _ in 0..<steps {
        let (mean, _) = try weightedMean(updates, state)
        let there = zip(parameters.values, mean).map { $0 + $1 }
        learn(from: try loss(at: there).gradient, updates, &state)
      }
    }
    let (mean, weights) = try weightedMean(updates, state)
    state.weights = Dictionary(zip(updates.map(\.client), weights)) { first, _ in first }
    try averaging.move(&parameters, by: mean, state: &state.server)
    local.schedule.observe(loss: aggregate.trainLoss, &state.schedule)
  }

  public func weights(in state: State) -> [Int: Double] { state.weights }
}

extension LearnedWeighting {
  /// `∂L/∂a_k` for `L(w + Σ_j α_j Δ_j)` with `α = softmax(a)`, from `∇L` there.
  static func hypergradient<Scalar: BinaryFloatingPoint>(
    weights: [Double], gradient: [Scalar], updates: [[Scalar]]
  ) -> [Double] {
    let products = updates.map { update in
      var sum = 0.0
      for index in gradient.indices { sum += Double(gradient[index]) * Double(update[index]) }
      return sum
    }
    let mean = zip(weights, products).reduce(0) { $0 + $1.0 * $1.1 }
    return zip(weights, products).map { $0 * ($1 - mean) }
  }

  static func softmax(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let powers = logits.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// The gradients of the parties' validation losses, weighed by their samples; nil without any.
  private static func validationGradient(
    _ updates: [ClientUpdate], _ contributions: [Aggregate.Contribution]
  ) -> [Float]? {
    var samples: [Int: Double] = [:]
    for contribution in contributions {
      samples[contribution.client] = contribution.metrics.figures[ClientMetrics.validationSamples]
    }
    let told = updates.filter { $0.gradient != nil && samples[$0.client, default: 0] > 0 }
    let total = told.reduce(0) { $0 + samples[$1.client, default: 0] }
    guard let count = told.first?.values.count else { return nil }
    var sum = [Double](repeating: 0, count: count)
    for update in told {
      let share = samples[update.client, default: 0] / total
      guard let gradient = update.gradient else { continue }
      for index in sum.indices { sum[index] += share * Double(gradient[index]) }
    }
    return sum.map { Float($0) }
  }

  private func shares(_ updates: [ClientUpdate], _ state: State) -> [Double] {
    Self.softmax(updates.map { state.logits[$0.client]?.value ?? 0 })
  }

  private func learn(from gradient: [Float], _ updates: [ClientUpdate], _ state: inout State) {
    let slopes = Self.hypergradient(
      weights: shares(updates, state), gradient: gradient, updates: updates.map(\.values))
    for (update, slope) in zip(updates, slopes) {
      state.logits[update.client]?.descend(along: slope, rate: rate)
    }
  }

  private func weightedMean(_ updates: [ClientUpdate], _ state: State) throws -> ([Float], weights: [Double]) {
    let weights = shares(updates, state)
    return (try ExactMean().rule.value(at: updates, shares: weights.map { Float($0) }), weights)
  }
}
