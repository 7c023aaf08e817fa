import FluxionCalculus
public import FluxionFederation
public import FluxionLearning

/// Carries out what the ``RoundStateMachine`` decides, against a transport, a clock and a store.
///
/// A run that its store knows goes on where the store has it, to the same bits as if nothing had happened.
///
/// ```swift
/// let coordinator = try Coordinator(
///   algorithm, configuration, transport: transport, clock: WallClock(), store: InMemoryStore())
/// while let record = try await coordinator.nextRound() { print(record) }
/// let model = await coordinator.parameters
/// ```
public actor Coordinator<Algorithm: FederatedAlgorithm> {
  public let algorithm: Algorithm
  /// The global parameters after the last finished round.
  public private(set) var parameters: Parameters
  /// Why the run ended; nil while it goes on.
  public private(set) var stopReason: StopReason?

  private let configuration: CoordinatorConfiguration
  private let transport: any Transport
  private let clock: any RunClock
  private let stopwatch: any RunClock
  private let timeIsVirtual: Bool
  private let store: any Store
  private let inbox = Inbox()
  private var machine: RoundStateMachine
  private var state: Algorithm.State
  private var actions: [RoundStateMachine.Action] = []
  private var current: RoundInProgress?
  /// What the rounds began with in which clients are at work, where their updates count later.
  private var origins: [Int: Checkpoint<Algorithm.State>.Origin] = [:]
  /// Which attempt at a round its reports must be of, while any are awaited: a round that is begun again keeps its number.
  private var attempts: [Int: Int] = [:]
  private var lastAttempt = 0
  /// Sentences for the record of the round at hand.
  private var notes: [String] = []
  private var hasBegun = false
  /// What world, store or evaluation failed with; the run stands still from then on.
  private var failure: (any Error)?
  private var isRunning = false

  /// - Parameters:
  ///   - clock: the time that deadlines go by.
  ///   - stopwatch: what the work of a round is measured with, where `clock` is virtual.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for settings of policy or algorithm that cannot hold.
  public init(
    _ algorithm: Algorithm, _ configuration: CoordinatorConfiguration, transport: any Transport, clock: any RunClock,
    stopwatch: (any RunClock)? = nil, store: any Store
  ) throws {
    self.algorithm = algorithm
    self.configuration = configuration
    (self.transport, self.clock, self.stopwatch, self.store) = (transport, clock, stopwatch ?? clock, store)
    timeIsVirtual = stopwatch != nil
    parameters = configuration.parameters
    machine = try RoundStateMachine(configuration.policy)
    state = try algorithm.initialState(for: configuration.parameters)
    try configuration.analysis?.settings.validate()
  }

  /// Ends the run: at once in a round's training, else when the round at hand is recorded.
  public nonisolated func stop() { inbox.put(.stop) }

  /// Runs until a round is recorded; nil when the run has ended.
  ///
  /// - Throws: ``FluxionError`` that names round and client, with code `diverged` if training left the finite numbers,
  ///   when the policy is to stop at a client's failure; whatever transport, store and evaluation throw.
  public func nextRound() async throws -> RoundRecord? {
    guard !isRunning else {
      throw FluxionError(.invalidArgument, "a run has one reader at a time; wait for the round that was asked for")
    }
    if let failure { throw failure }
    isRunning = true
    defer { isRunning = false }
    if !hasBegun { try await begin() }
    // Actions are left over when a round's record was handed out before them.
    if actions.isEmpty, stopReason == nil {
      actions = machine.handle(inbox.holdsStop ? .stopRequested : .nextRound)
    }
    do {
      while stopReason == nil {
        while !actions.isEmpty {
          if let record = try await carryOut(actions.removeFirst()) { return record }
        }
        if stopReason == nil { try await receive(await nextMessage()) }
      }
    } catch {
      // A step that is not on record was not taken.
      if let before = current?.before { parameters = before }
      if stopReason == nil { failure = error }
      throw error
    }
    return nil
  }

  /// Goes on where the store has the run, or puts its beginning on record.
  private func begin() async throws {
    let history = try await store.history()
    var progress = RoundStateMachine.Progress()
    if let checkpoint = try await store.checkpoint(of: Algorithm.State.self) {
      guard checkpoint.parameters.layout == parameters.layout else {
        throw FluxionError(
          .corruptData,
          "the stored checkpoint is of a model with \(checkpoint.parameters.layout.count) parameters in other tensors "
            + "than this one's \(parameters.layout.count); use the model that began the run")
      }
      (progress, parameters, state) = (checkpoint.progress, checkpoint.parameters, checkpoint.state)
      await transport.restore(checkpoint.memory)
      origins = checkpoint.origins
    }
    if !transport.endsWithCoordinator {
      // Clients know of every round since, and what they work at was handed out by another process.
      progress.round = max(progress.round, history.lastRound)
      progress.missedRounds = history.missedRounds
      progress.inFlight = []
    }
    machine = try RoundStateMachine(configuration.policy, resuming: progress)
    if let ending = progress.ending {
      if history.stopReason != ending { try await store.append(.runFinished(ending)) }
      stopReason = ending
    } else if history.hasBegun {
      try await store.append(.runResumed(afterRound: progress.round))
    } else {
      try await store.append(
        .runStarted(
          algorithm: algorithm.name, clients: configuration.policy.clients, parameterCount: parameters.layout.count))
    }
    if stopReason == nil, transport.endsWithCoordinator { try await beginAgain(progress.inFlight) }
    hasBegun = true
  }

  /// Gives those who were at work at the checkpoint their work once more.
  private func beginAgain(_ inFlight: [ClientAtWork]) async throws {
    for (round, origin) in origins.sorted(by: { $0.key < $1.key }) {
      let clients = inFlight.filter { $0.round == round }.map(\.client)
      try await handOut(
        round, clients, try algorithm.plan(round: round, state: origin.state), parameters: origin.parameters)
    }
  }

  /// The next message; whatever happens of itself in a world of virtual time happens only while nobody is busy.
  private func nextMessage() async -> Inbox.Message {
    if inbox.isEmpty { await transport.advance() }
    return await inbox.next()
  }
}

extension Coordinator {
  private func receive(_ message: Inbox.Message) async throws {
    switch message {
    case .reports(let batch, let attempt) where attempts.values.contains(attempt): actions += try await settle(batch)
    case .reports(let batch, _): batch.updates.answer(batch.reports.map { _ in .late })
    case .deadlinePassed(let round): actions += machine.handle(.deadlinePassed(round: round))
    case .stop: actions += machine.handle(.stopRequested)
    }
  }

  /// Judges reports, folds in the updates that count, puts them on record, and answers.
  private func settle(_ batch: ReportBatch) async throws -> [RoundStateMachine.Action] {
    var verdicts = batch.reports.map { machine.admit($0) }
    let trained = batch.reports.indices.filter { batch.reports[$0].hasUpdate }
    let accepted = trained.filter { verdicts[$0] == .accepted }
    if !accepted.isEmpty, var round = current {
      guard accepted.count == trained.count else {
        throw FluxionError(
          .invalidArgument,
          "a batch of \(trained.count) updates counts as a whole, but only \(accepted.count) of them were due")
      }
      current = nil  // The sum is folded in place: nobody else may hold it.
      let reports = accepted.map { batch.reports[$0] }
      do {
        try fold(batch.updates, of: reports, into: &round)
        round.reports += reports
      } catch let error as FluxionError where reports.count == 1 && error.isRefusal {
        let failure = ClientFailure(error.code == .diverged ? .diverged : .malformed, error.message)
        verdicts[accepted[0]] = machine.revoke(reports[0], failure)
      }
      if verdicts[accepted[0]] == .accepted { try await store.append(.updatesAccepted(reports)) }
      current = round
    }
    for (report, verdict) in zip(batch.reports, verdicts) {
      guard case .refused(let failure) = verdict else { continue }
      try await store.append(.updateRefused(round: report.round, client: report.client, failure))
    }
    batch.updates.answer(verdicts)
    return machine.handle(.reportsSettled)
  }

  /// Folds updates in, scaled if they are stale.
  private func fold(
    _ updates: any UpdateSource, of reports: [ClientReport], into round: inout RoundInProgress
  ) throws {
    let staleness = reports.map { machine.staleness(of: $0) }.max() ?? 0
    guard staleness > 0 else { return try updates.fold(into: &round.sum, weighting: round.plan.weighting) }
    guard reports.count == 1 else {
      throw FluxionError(.unsupported, "late updates are delivered one by one, not \(reports.count) at once")
    }
    var scaled: any UpdateAccumulator = ScaledUpdates(
      round.sum, scale: configuration.policy.factor(staleness: staleness))
    round.sum = ExactMean().makeAccumulator(count: 0)  // Nobody else may hold the sum.
    defer { if let scaled = scaled as? ScaledUpdates { round.sum = scaled.base } }
    try updates.fold(into: &scaled, weighting: round.plan.weighting)
    round.staleness[reports[0].client] = staleness
  }

  /// A record if the action was to make one.
  private func carryOut(_ action: RoundStateMachine.Action) async throws -> RoundRecord? {
    switch action {
    case .train(let round, let clients): try await train(round, clients)
    case .startDeadline(let round, let delay):
      current?.deadline = clock.schedule(after: delay) { [inbox] in inbox.put(.deadlinePassed(round: round)) }
    case .cancelDeadline:
      current?.deadline?.cancel()
    case .discard(let round):
      current = nil
      await end(round)
      try await store.append(.roundDiscarded(round: round))
    case .miss(let round):
      current = nil
      await endRounds(upTo: round)
      try await store.append(.roundMissed(round: round))
      await transport.roundDropped(round)
    case .aggregate(let round): actions += try await aggregate(round)
    case .evaluate(let round):
      let begin = stopwatch.now()
      let evaluation = try await configuration.evaluate(parameters)
      current?.evaluation = evaluation
      current?.evaluationSeconds = (stopwatch.now() - begin) / .seconds(1)
      actions += machine.handle(.evaluated(round: round, loss: evaluation.loss, accuracy: evaluation.accuracy))
    case .record: return try await record()
    case .finish(let reason): try await finish(reason)
    }
    return nil
  }

  private func train(_ round: Int, _ clients: [Int]) async throws {
    if current?.round != round { try await begin(round) }
    guard let plan = current?.plan else { return }
    current?.cohort += clients.count
    try await handOut(round, clients, plan, parameters: parameters)
  }

  private func begin(_ round: Int) async throws {
    var plan = try algorithm.plan(round: round, state: state)
    let policy = configuration.policy
    if policy.keepsInFlight {
      guard plan.gradient == nil, plan.tuning == nil, plan.aggregator is ExactMean, configuration.analysis == nil else {
        throw FluxionError(
          .unsupported,
          "late updates count less in a weighted mean, and in nothing else; with the aggregator \(plan.aggregator.name), "
            + "tuning, gradients behind updates or an analysis, have late updates discarded")
      }
      await endRounds(upTo: round - 1)
      origins[round] = Checkpoint.Origin(parameters: parameters, state: state)
    }
    let atWork = machine.inFlight.count
    let keepsForAnalysis = isAnalyzed(round) && plan.canKeepUpdates(of: atWork)
    if keepsForAnalysis { plan.aggregator = KeepingUpdates(plan.aggregator) }
    try await store.append(.roundStarted(round: round, cohort: atWork))
    current = RoundInProgress(
      round: round, plan: plan, sum: plan.aggregator.makeAccumulator(count: parameters.layout.count),
      begin: stopwatch.now())
    current?.keepsForAnalysis = keepsForAnalysis
  }

  private func handOut(_ round: Int, _ clients: [Int], _ plan: RoundPlan, parameters: Parameters) async throws {
    guard !clients.isEmpty else { return }
    let request = TrainingRequest(
      round: round, clients: clients, plan: plan, parameters: parameters,
      key: configuration.policy.key.folding("round", round))
    if attempts[round] == nil { lastAttempt += 1 }
    let attempt = attempts[round] ?? lastAttempt
    attempts[round] = attempt
    try await transport.train(request) { [inbox] in inbox.put(.reports($0, attempt: attempt)) }
  }

  /// Of rounds that nobody is at work in any longer, nothing more is wanted.
  private func endRounds(upTo round: Int) async {
    guard configuration.policy.keepsInFlight else { return await end(round) }
    let awaited = Set(machine.inFlight.map(\.round))
    for past in origins.keys.sorted() where past <= round && !awaited.contains(past) { await end(past) }
  }

  private func end(_ round: Int) async {
    (origins[round], attempts[round]) = (nil, nil)
    await transport.endRound(round)
  }

  private func aggregate(_ round: Int) async throws -> [RoundStateMachine.Action] {
    guard var finished = current else { return [] }
    // Ascending, so that sums over reports do not depend on who reported first.
    finished.reports.sort { $0.client < $1.client }
    current = finished
    await endRounds(upTo: round)
    let aggregate = Aggregate(
      round: round, update: try finished.sum.finish(), trainLoss: finished.trainLoss,
      contributions: finished.contributions, updates: finished.updates)
    let before = parameters
    current?.before = before
    try algorithm.step(&parameters, aggregate, state: &state)
    notes += algorithm.notes(onRound: round, state: state)
    current?.weights = algorithm.weights(in: state)
    current?.seconds = (stopwatch.now() - finished.begin) / .seconds(1)
    if timeIsVirtual { current?.simulatedSeconds = clock.now() / .seconds(1) }
    if isAnalyzed(round) { try await analyze(finished, from: before) }
    return machine.handle(.stepped(round: round))
  }

  private func isAnalyzed(_ round: Int) -> Bool {
    configuration.analysis?.settings.isDue(round: round, of: configuration.policy.rounds) ?? false
  }

  private func analyze(_ finished: RoundInProgress, from before: Parameters) async throws {
    guard let analysis = configuration.analysis else { return }
    let begin = stopwatch.now()
    let trains = if case .training = finished.plan.work { true } else { false }
    current?.analysis = try await analysis.analyze(
      AnalyzedRound(
        round: finished.round, clients: finished.contributions.map(\.client), before: before, after: parameters,
        updates: trains && finished.cohort <= GradientAnalysis.maximumParties ? finished.sum.updates : nil))
    current?.analysisSeconds = (stopwatch.now() - begin) / .seconds(1)
  }

  private func record() async throws -> RoundRecord? {
    guard let finished = current else { return nil }
    var record = finished.record(
      parameterCount: parameters.layout.count, name: configuration.name, recordsClients: configuration.recordsClients)
    record.notes = notes.isEmpty ? nil : notes
    try await store.record(
      record,
      saving: Checkpoint(
        progress: machine.progress, parameters: parameters, state: state, memory: await transport.memory(),
        origins: transport.endsWithCoordinator ? origins : [:]))
    await transport.roundRecorded(record.round)
    notes.removeAll()
    current = nil
    return record
  }

  /// Whether the algorithm changed what made a round's training diverge; the round is then begun again.
  private func recovers(from reason: StopReason) async throws -> Bool {
    guard case .clientFailed(let round, let client, let failure) = reason, failure.kind == .diverged else {
      return false
    }
    let divergence = Divergence(round: round, client: client, name: configuration.name(client), reason: failure.reason)
    guard let note = try algorithm.recover(from: divergence, state: &state) else { return false }
    notes.append(note)
    await transport.roundDropped(round)
    actions += machine.handle(.recovered(round: round))
    return true
  }

  private func finish(_ reason: StopReason) async throws {
    if try await recovers(from: reason) { return }
    stopReason = reason
    for round in origins.keys.sorted() { await end(round) }
    try await store.append(.runFinished(reason))
    guard case .clientFailed(let round, let client, let failure) = reason else { return }
    let name = configuration.name(client)
    throw failure.kind == .diverged
      ? FluxionError(
        .diverged, "training diverged in round \(round) at \(name): \(failure.reason); a lower learning rate may help")
      : FluxionError(.unsupported, "\(name) could not take part in round \(round): \(failure.reason)")
  }
}

extension RoundPlan {
  /// Whether an analysis has to keep the updates of so many clients, and may.
  fileprivate func canKeepUpdates(of clients: Int) -> Bool {
    guard case .training = work, !(aggregator is KeepingUpdates) else { return false }
    return clients <= GradientAnalysis.maximumParties
  }
}

extension ClientReport {
  fileprivate var hasUpdate: Bool { if case .trained = outcome { true } else { false } }
}

extension FluxionError {
  /// Whether the fault lies with an update rather than with this process.
  fileprivate var isRefusal: Bool { [.diverged, .shapeMismatch, .invalidArgument, .corruptData].contains(code) }
}
