import FluxionCalculus
import FluxionFederation
public import FluxionLearning

/// The policy of a run: events in, actions out. It has no clock, no lock and does no work itself.
///
/// ```
/// idle ─next→ training ─all answered, or deadline→ aggregating ─stepped→ evaluating ─evaluated→ idle … finished
///             ↑    └─ quorum missed ─┐                      └─ nothing to evaluate → idle
///             └──────────────────────┘
/// ```
///
/// Reports come in two moves, so that nothing is folded in that does not count and nothing is acknowledged that was not
/// folded: ``admit(_:)`` says what a report is worth, and ``handle(_:)`` with ``Event/reportsSettled`` says that all
/// admitted updates have been folded in and are on record.
///
/// ```swift
/// var machine = try RoundStateMachine(RoundPolicy(clients: 2, rounds: 1, key: RandomKey(seed: 7)))
/// machine.handle(.nextRound)       // [.train(round: 1, clients: [0, 1])]
/// machine.admit(report)            // .accepted
/// ```
public struct RoundStateMachine: Sendable {
  public enum Event: Hashable, Sendable {
    /// The round before, if any, is recorded; begin another.
    case nextRound
    /// Every update admitted so far is folded in and on record.
    case reportsSettled
    case deadlinePassed(round: Int)
    /// The server's step is taken.
    case stepped(round: Int)
    case evaluated(round: Int, loss: Double?, accuracy: Double?)
    case stopRequested
    /// What made the round's training diverge is changed: the round begins again.
    case recovered(round: Int)
  }

  public enum Action: Hashable, Sendable {
    /// Have the clients, in ascending order, train from the global parameters; once at the beginning of a round, and
    /// again for those who take the place of others in it. There may be none to begin with if all are at work still.
    case train(round: Int, clients: [Int])
    case startDeadline(round: Int, Duration)
    case cancelDeadline(round: Int)
    /// Finish the aggregate and take the server's step.
    case aggregate(round: Int)
    /// Drop what was folded in: the run was stopped, and goes on, if it does, with this round.
    case discard(round: Int)
    /// Drop what was folded in: the round missed its quorum, and is over.
    case miss(round: Int)
    case evaluate(round: Int)
    /// The round is done: record it.
    case record(round: Int)
    case finish(StopReason)
  }

  public enum Phase: Hashable, Sendable {
    case idle
    case training
    case aggregating
    case evaluating
    case finished(StopReason)
  }

  public let policy: RoundPolicy
  public private(set) var phase = Phase.idle
  /// The round in progress or, between rounds, the last; 0 before the first.
  public var round: Int { progress.round }
  /// What outlives a round.
  public private(set) var progress: Progress

  /// What the machine must remember to go on after a restart.
  public struct Progress: Codable, Hashable, Sendable {
    public var round = 0
    /// How many steps the server has taken: one for each round that did not miss its quorum.
    public var steps = 0
    public var stopping = EarlyStopping.State()
    public var missedRounds = 0
    /// Who was at work when the last round was over, and counts later; ascending by client.
    public var inFlight: [ClientAtWork] = []
    /// Why the run ended by its own policy; nil while there is more to do.
    public var ending: StopReason?

    public init() {}
  }

  private let sizes: RoundPolicy.Sizes
  private var atWork: ClientsAtWork
  public private(set) var accepted = 0
  private var failed: StopReason?
  private var stopIsRequested = false

  /// - Parameter progress: where to go on; nil begins a run. One that was at its end is finished at once.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a policy that cannot hold.
  public init(_ policy: RoundPolicy, resuming progress: Progress? = nil) throws {
    sizes = try policy.validatedSizes()
    self.policy = policy
    atWork = ClientsAtWork(inFlight: progress?.inFlight ?? [])
    self.progress = progress ?? Progress()
    if let ending = self.progress.ending { phase = .finished(ending) }
  }
}

extension RoundStateMachine {
  /// Who is at work; ascending by client.
  public var inFlight: [ClientAtWork] { atWork.inFlight }

  /// What a report is worth. Constant time but for finding the client in the cohort.
  public mutating func admit(_ report: ClientReport) -> Verdict {
    if report.round <= round, phase != .training { return .late }
    guard let position = atWork.position(of: report) else { return report.round < round ? .late : .notSelected }
    switch atWork.answer(at: position) {
    case .accepted: return .duplicate
    case .refused: return .noted
    case .none: break
    }
    switch report.outcome {
    case .trained(let metrics):
      if let failure = fault(in: metrics) { return refuse(position, failure) }
      atWork.note(.accepted, at: position)
      accepted += 1
      return .accepted
    case .failed(let failure):
      return refuse(position, failure)
    }
  }

  /// How many steps the server has taken since the model that an admitted update was begun from.
  public func staleness(of report: ClientReport) -> Int {
    atWork.position(of: report).map { progress.steps - atWork.work(at: $0).step } ?? 0
  }

  /// Takes back the acceptance of an update that turned out, while it was folded in, to be no use.
  public mutating func revoke(_ report: ClientReport, _ failure: ClientFailure) -> Verdict {
    guard phase == .training, let position = atWork.position(of: report),
      atWork.answer(at: position) == .accepted
    else { return .late }
    accepted -= 1
    return refuse(position, failure)
  }

  /// What follows from an event; nothing, for events that come too late.
  public mutating func handle(_ event: Event) -> [Action] {
    switch (event, phase) {
    case (.nextRound, .idle):
      return round >= policy.rounds ? finish(.completed) : beginRound()
    case (.reportsSettled, .training):
      if let failed { return closeTraining() + [.discard(round: round)] + finish(failed) }
      return settle()
    case (.deadlinePassed(let round), .training) where round == self.round:
      return weighUp()
    case (.stepped(let round), .aggregating) where round == self.round:
      progress.missedRounds = 0
      progress.steps += 1
      guard isEvaluationDue else { return endRound() }
      phase = .evaluating
      return [.evaluate(round: round)]
    case (.evaluated(let round, let loss, let accuracy), .evaluating) where round == self.round:
      return endRound(ending: note(loss: loss, accuracy: accuracy))
    case (.recovered(let round), .finished(.clientFailed(_, _, let failure)))
    where round == self.round && failure.kind == .diverged:
      progress.round -= 1
      atWork.withdraw(round: round)
      return beginRound()
    case (.stopRequested, .training):
      return closeTraining() + [.discard(round: round)] + finish(.requested)
    case (.stopRequested, .idle):
      return finish(.requested)
    case (.stopRequested, .aggregating), (.stopRequested, .evaluating):
      // What is begun is brought to its end.
      stopIsRequested = true
      return []
    default: return []
    }
  }
}

extension RoundStateMachine {
  private mutating func beginRound() -> [Action] {
    progress.round += 1
    atWork.begin(keepingSince: policy.oldestStep(after: progress.steps))
    (accepted, failed) = (0, nil)
    let clients = select(inRound: policy.key.folding("cohort", round))
    phase = .training
    let train = Action.train(round: round, clients: clients)
    return policy.deadline.map { [train, .startDeadline(round: round, $0)] } ?? [train]
  }

  /// Gives work to as many clients as are to be selected; with a buffer, to as many as are missing.
  private mutating func select(inRound key: RandomKey) -> [Int] {
    let isBuffered = if case .buffered = policy.pace { true } else { false }
    let clients = atWork.draw(
      sizes.selected - (isBuffered ? atWork.unanswered : 0), of: policy.clients, key: key)
    atWork.add(clients, round: round, step: progress.steps)
    return clients
  }

  /// Enough updates, somebody in the place of who has reported, or nobody left to wait for?
  private mutating func settle() -> [Action] {
    if accepted >= sizes.goal { return closeTraining() + weighUp() }
    if case .buffered = policy.pace {
      let clients = select(inRound: policy.key.folding("cohort", round).folding("replacement", atWork.count))
      if !clients.isEmpty { return [.train(round: round, clients: clients)] }
    }
    return atWork.unanswered == 0 ? closeTraining() + weighUp() : []
  }

  private func closeTraining() -> [Action] { policy.deadline == nil ? [] : [.cancelDeadline(round: round)] }

  /// Nobody is waited for any longer: are the updates enough?
  private mutating func weighUp() -> [Action] {
    if accepted >= policy.quorumCount(of: sizes.goal) {
      phase = .aggregating
      return [.aggregate(round: round)]
    }
    progress.missedRounds += 1
    let miss = Action.miss(round: round)
    if progress.missedRounds >= policy.missedRoundLimit || round >= policy.rounds {
      return [miss] + finish(.quorumMissed(round: round))
    }
    return [miss] + beginRound()
  }

  private mutating func endRound(ending reason: StopReason? = nil) -> [Action] {
    phase = .idle
    progress.inFlight = policy.keepsInFlight ? atWork.inFlight : []
    let record = Action.record(round: round)
    if let reason = reason ?? (stopIsRequested ? .requested : round >= policy.rounds ? .completed : nil) {
      // The record goes to the store together with the progress: it has to know that nothing comes after it.
      if reason != .requested { progress.ending = reason }
      return [record] + finish(reason)
    }
    return [record]
  }

  private mutating func finish(_ reason: StopReason) -> [Action] {
    phase = .finished(reason)
    return [.finish(reason)]
  }

  private var isEvaluationDue: Bool {
    policy.evaluateEvery > 0 && (round % policy.evaluateEvery == 0 || round >= policy.rounds)
  }

  /// Keeps score of an evaluation; a reason if the run ends with it.
  private mutating func note(loss: Double?, accuracy: Double?) -> StopReason? {
    if let accuracy, let target = policy.targetAccuracy, accuracy >= target {
      return .targetReached(accuracy: accuracy)
    }
    guard let loss, let patience = policy.patience,
      EarlyStopping(patience: patience).observe(loss, at: round, &progress.stopping)
    else { return nil }
    return .noImprovement(evaluations: progress.stopping.observationsWithoutImprovement)
  }

  private mutating func refuse(_ position: Int, _ failure: ClientFailure) -> Verdict {
    atWork.note(.refused, at: position)
    if policy.onFailure == .stops, failed == nil {
      failed = .clientFailed(round: round, client: atWork.client(at: position), failure)
    }
    return .refused(failure)
  }

  /// What no honest client reports.
  private func fault(in metrics: ClientMetrics) -> ClientFailure? {
    guard metrics.lossSum.isFinite else {
      return ClientFailure(.diverged, "the training loss became \(metrics.lossSum)")
    }
    guard metrics.samples >= 1, metrics.samples <= policy.maximumSamples else {
      return ClientFailure(
        .malformed, "a client holds 1 to \(policy.maximumSamples) samples; it claims \(metrics.samples)")
    }
    guard metrics.steps >= 0, metrics.lossCount >= 0, metrics.seconds >= 0 else {
      return ClientFailure(.malformed, "steps, losses and seconds are not negative")
    }
    return nil
  }
}
