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

  /// When the server takes a step.
  public enum Pace: Codable, Hashable, Sendable {
    /// In rounds: a cohort begins together, and the step is taken when as many have reported as the cohort's size says.
    case rounds
    /// With every so many updates, which need not have begun together: buffered asynchronous aggregation, FedBuff (Nguyen
    /// et al. 2022, arXiv 2106.06639). The cohort's size says how many clients train at a time; who is done is replaced
    /// at once. A client takes part at most once between two steps.
    case buffered(Int)
  }

  /// What becomes of an update that comes after the round that it was begun in.
  public enum LateUpdates: Codable, Hashable, Sendable {
    /// It is dropped, and its client told so.
    case discarded
    /// It counts in the round that it comes in, less the staler it is. Until then its client is not selected again.
    case buffered(StalenessWeighting)
  }

  /// Registered clients, called `0 ..< clients`.
  public var clients: Int
  public var rounds: Int
  /// The key of the run, from which cohorts are drawn.
  public var key: RandomKey
  public var cohort: CohortSize
  /// How many clients a round selects for each that it waits for, at least 1: with 1.3 a cohort of 100 is drawn as 130,
  /// and the round is over when 100 have reported.
  public var overSelection: Double
  public var pace: Pace
  public var late: LateUpdates
  /// The share of the updates that a round waits for which it needs, above 0 and up to 1; at least one client in any case.
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
    clients: Int, rounds: Int, key: RandomKey, cohort: CohortSize = .all, overSelection: Double = 1,
    pace: Pace = .rounds, late: LateUpdates = .discarded, quorum: Double = 1,
    deadline: Duration? = nil, evaluateEvery: Int = 1, targetAccuracy: Double? = nil, patience: Int? = nil,
    missedRoundLimit: Int = 3, onFailure: FailureResponse = .goesOn, maximumSamples: Int = 1 << 31
  ) {
    self.clients = clients
    self.rounds = rounds
    self.key = key
    self.cohort = cohort
    self.overSelection = overSelection
    self.pace = pace
    self.late = late
    self.quorum = quorum
    self.deadline = deadline
    self.evaluateEvery = evaluateEvery
    self.targetAccuracy = targetAccuracy
    self.patience = patience
    self.missedRoundLimit = missedRoundLimit
    self.onFailure = onFailure
    self.maximumSamples = maximumSamples
  }

  /// How many clients a round selects, and how many updates it waits for.
  struct Sizes {
    var selected: Int
    var goal: Int
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a policy that cannot hold.
  func validatedSizes() throws -> Sizes {
    let cohort = try validatedCohortSize()
    guard overSelection >= 1, overSelection.isFinite else {
      throw FluxionError(.invalidArgument, "over-selection is a factor of at least 1; it was given \(overSelection)")
    }
    if case .buffered(let weighting) = late { try weighting.validate() }
    guard case .buffered(let goal) = pace else {
      // As a decimal fraction would be rounded: 1.1 · 10 is 11, though the product in binary is above it.
      let selected = (overSelection * Double(cohort) - 1e-9).rounded(.up)
      return Sizes(selected: selected < Double(clients) ? max(cohort, Int(selected)) : clients, goal: cohort)
    }
    guard goal >= 1, goal <= cohort else {
      throw FluxionError(
        .invalidArgument,
        "a buffer holds 1 to as many updates as clients train at a time, \(cohort); it was given \(goal)")
    }
    guard case .buffered = late, overSelection == 1 else {
      throw FluxionError(
        .invalidArgument,
        "a buffer takes late updates, and nobody is selected for nothing; use it with late updates buffered and an "
          + "over-selection of 1")
    }
    return Sizes(selected: cohort, goal: goal)
  }

  /// Whether who has not reported when a round ends goes on, and counts later.
  var keepsInFlight: Bool { if case .buffered = late { true } else { false } }

  /// Before which step of the server nobody at work may have begun; nil where all work ends with its round.
  func oldestStep(after steps: Int) -> Int? {
    guard case .buffered(let weighting) = late else { return nil }
    return weighting.maximum.map { steps - $0 } ?? 0
  }

  /// What an update is multiplied by that is so many steps of the server old.
  func factor(staleness: Int) -> Float {
    if case .buffered(let weighting) = late { weighting.factor(staleness: staleness) } else { 1 }
  }

  private func validatedCohortSize() throws -> Int {
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

  /// The number of updates that a round needs which waits for so many.
  func quorumCount(of goal: Int) -> Int { min(goal, max(1, Int((quorum * Double(goal)).rounded(.up)))) }
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

  /// Whether the run came to an end that its settings provide for, and is not to go on.
  package var isOrdinary: Bool {
    switch self {
    case .completed, .targetReached, .noImprovement: true
    case .requested, .quorumMissed, .clientFailed: false
    }
  }
}
