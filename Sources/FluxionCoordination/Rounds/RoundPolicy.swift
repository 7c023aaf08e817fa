public import FluxionCalculus
public import FluxionFederation

/// How many rounds, with whom, how long they may take and when a run ends.
public struct RoundPolicy: Sendable, Hashable {
  /// What a client without a usable update does to a run.
  public enum FailureResponse: String, Codable, Hashable, Sendable {
    /// The run stops and names round and client: right where all clients run one configuration, as in a simulation.
    case stops
    /// The update is refused and the round goes on: right where a client may be faulty or hostile.
    case goesOn
  }

  /// Registered clients, called `0 ..< clients`.
  public var clients: Int
  public var rounds: Int
  /// The key of the run, from which cohorts are drawn.
  public var key: RandomKey
  public var cohort: CohortSize
  /// The share of a cohort whose updates a round needs, above 0 and up to 1; at least one client in any case.
  public var quorum: Double
  /// How long a round waits for updates; nil for as long as it takes.
  public var deadline: Duration?
  /// The global model is evaluated every this many rounds and after the last; 0 for never.
  public var evaluateEvery: Int
  /// The run ends once an evaluation reaches this accuracy.
  public var targetAccuracy: Double?
  /// How many evaluations in a row without a better loss are borne; the next one ends the run.
  public var patience: Int?
  /// The run ends when this many rounds in a row miss their quorum.
  public var missedRoundLimit: Int
  public var onFailure: FailureResponse
  /// The most samples that a client may claim: its weight in a mean.
  public var maximumSamples: Int

  public init(
    clients: Int, rounds: Int, key: RandomKey, cohort: CohortSize = .all, quorum: Double = 1,
    deadline: Duration? = nil, evaluateEvery: Int = 1, targetAccuracy: Double? = nil, patience: Int? = nil,
    missedRoundLimit: Int = 3, onFailure: FailureResponse = .goesOn, maximumSamples: Int = 1 << 31
  ) {
    self.clients = clients
    self.rounds = rounds
    self.key = key
    self.cohort = cohort
    self.quorum = quorum
    self.deadline = deadline
    self.evaluateEvery = evaluateEvery
    self.targetAccuracy = targetAccuracy
    self.patience = patience
    self.missedRoundLimit = missedRoundLimit
    self.onFailure = onFailure
    self.maximumSamples = maximumSamples
  }

  /// The number of clients that a round selects.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a policy that cannot hold.
  public func validatedCohortSize() throws -> Int {
    guard clients >= 1 else {
      throw FluxionError(.invalidArgument, "a federation needs at least 1 party; it was given \(clients)")
    }
    guard rounds >= 1 else {
      throw FluxionError(.invalidArgument, "a run has at least 1 round; it was given \(rounds)")
    }
    guard quorum > 0, quorum <= 1 else {
      throw FluxionError(.invalidArgument, "the quorum is a share above 0 and up to 1; it was given \(quorum)")
    }
    if let deadline, deadline <= .zero {
      throw FluxionError(.invalidArgument, "the deadline of a round is a positive duration; it was given \(deadline)")
    }
    guard evaluateEvery >= 0 else {
      throw FluxionError(
        .invalidArgument, "evaluate every 1 or more rounds, or 0 for never; it was given \(evaluateEvery)")
    }
    if let patience, patience < 0 {
      throw FluxionError(.invalidArgument, "patience is 0 or more evaluations; it was given \(patience)")
    }
    if let targetAccuracy, !(targetAccuracy > 0 && targetAccuracy <= 1) {
      throw FluxionError(
        .invalidArgument, "the target accuracy is above 0 and up to 1; it was given \(targetAccuracy)")
    }
    if evaluateEvery == 0, targetAccuracy != nil || patience != nil {
      throw FluxionError(
        .invalidArgument, "a target accuracy and patience need evaluations; evaluate every 1 or more rounds")
    }
    return try cohort.size(of: clients)
  }

  /// The number of updates that a round of a cohort needs.
  func quorumCount(of cohort: Int) -> Int { min(cohort, max(1, Int((quorum * Double(cohort)).rounded(.up)))) }
}

/// Why a run ended.
public enum StopReason: Codable, Hashable, Sendable {
  /// All rounds are done.
  case completed
  /// An evaluation reached the target accuracy.
  case targetReached(accuracy: Double)
  /// So many evaluations in a row brought no better loss that patience is at its end.
  case noImprovement(evaluations: Int)
  /// Someone asked for it.
  case requested
  /// Too many rounds in a row missed their quorum.
  case quorumMissed(round: Int)
  /// A client has no usable update, and the policy is to stop then.
  case clientFailed(round: Int, client: Int, ClientFailure)
}
