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
  private let store: any Store
  private let inbox = Inbox()
  private var machine: RoundStateMachine
  private var state: Algorithm.State
  private var actions: [RoundStateMachine.Action] = []
  private var current: RoundInProgress?
  /// Sentences for the record of the round at hand.
  private var notes: [String] = []
  private var hasBegun = false
  /// What world, store or evaluation failed with; the run stands still from then on.
  private var failure: (any Error)?
  private var isRunning = false

  /// - Throws: ``FluxionError/Code/invalidArgument`` for settings of policy or algorithm that cannot hold.
  public init(
    _ algorithm: Algorithm, _ configuration: CoordinatorConfiguration, transport: any Transport, clock: any RunClock,
    store: any Store
  ) throws {
    self.algorithm = algorithm
    self.configuration = configuration
    (self.transport, self.clock, self.store) = (transport, clock, store)
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
        if stopReason == nil { try await receive(await inbox.next()) }
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
      await transport.restore(checkpoint.memories)
    }
    progress.round = max(progress.round, history.lastRound)
    progress.missedRounds = history.missedRounds
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
    hasBegun = true
  }
}

extension Coordinator {
  private func receive(_ message: Inbox.Message) async throws {
    switch message {
    case .reports(let batch): actions += try await settle(batch)
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
        try batch.updates.fold(into: &round.sum, weighting: round.plan.weighting)
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

  /// A record if the action was to make one.
  private func carryOut(_ action: RoundStateMachine.Action) async throws -> RoundRecord? {
    switch action {
    case .train(let round, let clients): try await train(round, clients)
    case .startDeadline(let round, let delay):
      current?.deadline = clock.schedule(after: delay) { [inbox] in inbox.put(.deadlinePassed(round: round)) }
    case .cancelDeadline:
      current?.deadline?.cancel()
    case .discard(let round), .miss(let round):
      current = nil
      await transport.endRound(round)
      let isMissed = if case .miss = action { true } else { false }
      try await store.append(isMissed ? .roundMissed(round: round) : .roundDiscarded(round: round))
    case .aggregate(let round): actions += try await aggregate(round)
    case .evaluate(let round):
      let begin = clock.now()
      let evaluation = try await configuration.evaluate(parameters)
      current?.evaluation = evaluation
      current?.evaluationSeconds = (clock.now() - begin) / .seconds(1)
      actions += machine.handle(.evaluated(round: round, loss: evaluation.loss, accuracy: evaluation.accuracy))
    case .record: return try await record()
    case .finish(let reason): try await finish(reason)
    }
    return nil
  }

  private func train(_ round: Int, _ clients: [Int]) async throws {
    var plan = try algorithm.plan(round: round, state: state)
    let keepsForAnalysis = isAnalyzed(round) && plan.canKeepUpdates(of: clients.count)
    if keepsForAnalysis { plan.aggregator = KeepingUpdates(plan.aggregator) }
    try await store.append(.roundStarted(round: round, cohort: clients.count))
    current = RoundInProgress(
      round: round, cohort: clients.count, plan: plan,
      sum: plan.aggregator.makeAccumulator(count: parameters.layout.count), begin: clock.now())
    current?.keepsForAnalysis = keepsForAnalysis
    let request = TrainingRequest(
      round: round, clients: clients, plan: plan, parameters: parameters,
      key: configuration.policy.key.folding("round", round))
    try await transport.train(request) { [inbox] in inbox.put(.reports($0)) }
  }

  private func aggregate(_ round: Int) async throws -> [RoundStateMachine.Action] {
    guard var finished = current else { return [] }
    // Ascending, so that sums over reports do not depend on who reported first.
    finished.reports.sort { $0.client < $1.client }
    current = finished
    await transport.endRound(round)
    let aggregate = Aggregate(
      round: round, update: try finished.sum.finish(), trainLoss: finished.trainLoss,
      contributions: finished.contributions, updates: finished.updates)
    let before = parameters
    current?.before = before
    try algorithm.step(&parameters, aggregate, state: &state)
    notes += algorithm.notes(onRound: round, state: state)
    current?.weights = algorithm.weights(in: state)
    current?.seconds = (clock.now() - finished.begin) / .seconds(1)
    if isAnalyzed(round) { try await analyze(finished, from: before) }
    return machine.handle(.stepped(round: round))
  }

  private func isAnalyzed(_ round: Int) -> Bool {
    configuration.analysis?.settings.isDue(round: round, of: configuration.policy.rounds) ?? false
  }

  private func analyze(_ finished: RoundInProgress, from before: Parameters) async throws {
    guard let analysis = configuration.analysis else { return }
    let begin = clock.now()
    let trains = if case .training = finished.plan.work { true } else { false }
    current?.analysis = try await analysis.analyze(
      AnalyzedRound(
        round: finished.round, clients: finished.contributions.map(\.client), before: before, after: parameters,
        updates: trains && finished.cohort <= GradientAnalysis.maximumParties ? finished.sum.updates : nil))
    current?.analysisSeconds = (clock.now() - begin) / .seconds(1)
  }

  private func record() async throws -> RoundRecord? {
    guard let finished = current else { return nil }
    var record = finished.record(
      parameterCount: parameters.layout.count, name: configuration.name, recordsClients: configuration.recordsClients)
    record.notes = notes.isEmpty ? nil : notes
    try await store.record(
      record,
      saving: Checkpoint(
        progress: machine.progress, parameters: parameters, state: state, memories: await transport.memories()))
    notes.removeAll()
    current = nil
    return record
  }

  /// Whether the algorithm changed what made a round's training diverge; the round is then begun again.
  private func recovers(from reason: StopReason) throws -> Bool {
    guard case .clientFailed(let round, let client, let failure) = reason, failure.kind == .diverged else {
      return false
    }
    let divergence = Divergence(round: round, client: client, name: configuration.name(client), reason: failure.reason)
    guard let note = try algorithm.recover(from: divergence, state: &state) else { return false }
    notes.append(note)
    actions += machine.handle(.recovered(round: round))
    return true
  }

  private func finish(_ reason: StopReason) async throws {
    if try recovers(from: reason) { return }
    stopReason = reason
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
