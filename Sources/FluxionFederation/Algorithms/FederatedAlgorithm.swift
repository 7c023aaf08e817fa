public import FluxionLearning

/// How a federation learns: a value, with pure functions over explicit state.
///
/// An algorithm answers three questions: how a run begins (``initialState(for:)``), what happens in a round before the
/// server sees anything (``plan(round:state:)``: the clients' work, what a client's update counts, how updates become
/// one), and what the server does with the one update (``step(_:_:state:)``).
///
/// **The contract.** An algorithm holds settings, never progress: everything that changes from round to round is in
/// `State`, and each function depends on its arguments alone. A run is therefore its seed, its parties and the state
/// after any round; it resumes from that state, on another machine if need be, to the same bits.
///
/// Algorithms are compositions: adaptive server steps are a ``ServerOptimizer``, a proximal term belongs to the local
/// objective, clipping, noise and compression are ``UpdateTransform``s. A new algorithm is one file, like this one,
/// whose global step never moves a parameter further than a limit:
///
/// ```swift
/// /// Federated averaging whose mean change is halved until no value of it is above `limit`.
/// struct CautiousAveraging: FederatedAlgorithm {
///   struct State: Codable, Sendable { var stepsShortened = 0 }
///
///   var name: String { "cautious-averaging" }
///   var local: LocalTraining
///   var limit: Float
///
///   func initialState(for parameters: Parameters) -> State { State() }
///
///   func plan(round: Int, state: State) throws -> RoundPlan {
///     RoundPlan(work: .training(try local.settled(inRound: round)), weighting: .samples)
///   }
///
///   func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) {
///     let update = aggregate.update
///     var scale: Float = 1
///     while update.contains(where: { abs(scale * $0) > limit }) { scale /= 2 }
///     if scale < 1 { state.stepsShortened += 1 }
///     parameters.withUnsafeMutableValues { values in
///       for index in values.indices { values[index] += scale * update[index] }
///     }
///   }
/// }
/// ```
public protocol FederatedAlgorithm: Sendable {
  /// What the server remembers from round to round beside the parameters.
  associatedtype State: Codable & Sendable

  /// The name in records and on the command line.
  var name: String { get }

  /// The state before the first round.
  ///
  /// - Throws: ``FluxionError`` for settings that cannot hold.
  func initialState(for parameters: Parameters) throws -> State

  /// What happens in a round, counted from 1, up to and including the aggregation.
  ///
  /// - Throws: ``FluxionError`` for settings that cannot hold.
  func plan(round: Int, state: State) throws -> RoundPlan

  /// Moves the global parameters by what the clients' updates became.
  ///
  /// - Throws: ``FluxionError`` if the step leaves the finite numbers.
  func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout State) throws

  /// Changes the state so that a round in which training diverged may go better when it is begun again from the same
  /// parameters, and says in a sentence what was changed; nil, as for most algorithms, to end the run.
  func recover(from divergence: Divergence, state: inout State) throws -> String?

  /// Sentences about the step just taken that a user should read.
  func notes(onRound round: Int, state: State) -> [String]

  /// What each client's update counted in the step that led to a state, for the record; empty where the weighting of the
  /// plan says it all.
  func weights(in state: State) -> [Int: Double]
}

extension FederatedAlgorithm {
  public func weights(in state: State) -> [Int: Double] { [:] }
  public func recover(from divergence: Divergence, state: inout State) throws -> String? { nil }
  public func notes(onRound round: Int, state: State) -> [String] { [] }
}

/// Local training that left the finite numbers.
public struct Divergence: Hashable, Sendable {
  public var round: Int
  public var client: Int
  /// What the client is called.
  public var name: String
  /// One sentence of the client's.
  public var reason: String

  public init(round: Int, client: Int, name: String, reason: String) {
    self.round = round
    self.client = client
    self.name = name
    self.reason = reason
  }
}

/// What became of the updates of a round.
public struct Aggregate: Sendable {
  public var round: Int
  /// A value for each parameter.
  public var update: [Float]
  /// The mean loss that the clients trained on.
  public var trainLoss: Double
  /// Who contributed, ascending by client.
  public var contributions: [Contribution]
  /// The updates one by one, ascending by client, if the plan's aggregator keeps them: ``KeepingUpdates``.
  public var updates: [ClientUpdate]?

  /// What a client told beside its update.
  public struct Contribution: Hashable, Sendable {
    public var client: Int
    public var metrics: ClientMetrics

    public init(client: Int, metrics: ClientMetrics) {
      self.client = client
      self.metrics = metrics
    }
  }

  public init(
    round: Int, update: [Float], trainLoss: Double, contributions: [Contribution], updates: [ClientUpdate]? = nil
  ) {
    self.round = round
    self.update = update
    self.trainLoss = trainLoss
    self.contributions = contributions
    self.updates = updates
  }
}

/// The state of an algorithm that remembers nothing.
public struct NoState: Codable, Hashable, Sendable {
  public init() {}
}
