public import FluxionLearning

/// Federated averaging, FedAvg: clients train locally for some epochs, and the server moves by the weighted mean of
/// their changes, `w ← w + Σ (n_k/n) (w_k − w)`.
///
/// McMahan, Moore, Ramage, Hampson and Agüera y Arcas 2017, "Communication-efficient learning of deep networks from
/// decentralized data", arXiv 1602.05629, algorithm 1. Any other ``ServerOptimizer`` takes the mean change for the
/// negative of a gradient (Reddi et al. 2021, "Adaptive federated optimization", arXiv 2003.00295).
///
/// ```swift
/// let fedAvg = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32))
/// let fedAdam = FederatedAveraging(
///   local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32), server: .adam(learningRate: 0.01))
/// let robust = FederatedAveraging(
///   local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32), aggregator: CoordinateMedian())
/// ```
public struct FederatedAveraging: FederatedAlgorithm {
  public var local: LocalTraining
  public var weighting: Weighting
  /// How changes become one: the weighted mean, or a rule that bears parties that send anything.
  public var aggregator: any Aggregator
  public var server: ServerOptimizer { step.server }
  private let step: ServerStep

  public init(
    local: LocalTraining, weighting: Weighting = .samples, aggregator: any Aggregator = ExactMean(),
    server: ServerOptimizer = .averaging
  ) {
    self.local = local
    self.weighting = weighting
    self.aggregator = aggregator
    step = ServerStep(server)
  }

  public var name: String { "fedavg" }

  /// What the server optimiser and a schedule that watches the loss remember.
  public struct State: Codable, Hashable, Sendable {
    public var server: ServerStep.State
    public var schedule = Schedule.State()
  }

  public func initialState(for parameters: Parameters) throws -> State {
    State(server: try step.initialState(for: parameters))
  }

  public func plan(round: Int, state: State) throws -> RoundPlan {
    RoundPlan(
      work: .training(try local.settled(inRound: round, state: state.schedule)), weighting: weighting,
      aggregator: aggregator)
  }

  public func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) throws {
    try step.move(&parameters, by: aggregate.update, state: &state.server)
    local.schedule.observe(loss: aggregate.trainLoss, &state.schedule)
  }

  /// As ``step(_:_:state:)``, with another learning rate of the server if one is given.
  ///
  /// - Returns: then, the derivative of the new parameters with respect to it.
  func step(
    _ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State, serverLearningRate: Double?
  ) throws -> [Float]? {
    guard let serverLearningRate else {
      try step(&parameters, aggregate, state: &state)
      return nil
    }
    let tangent = try step.descend(
      &parameters, along: aggregate.update.map { -$0 }, learningRate: Float(serverLearningRate), state: &state.server)
    local.schedule.observe(loss: aggregate.trainLoss, &state.schedule)
    return tangent
  }
}
