import FluxionCalculus
import FluxionData
import FluxionFederation
import FluxionWire
import Synchronization

/// What the server says, done: tasks by the training thread, whose reports are sent and kept until they are answered.
extension FederatedClient {
  /// Reads the examples, once for each way to read them.
  func prepare(_ schema: TableSchema?) throws {
    if let known = shared.withLock({ $0.examples }), known.schema == schema { return }
    let view = try data.examples(as: schema)
    shared.withLock { $0.examples = (schema, view) }
  }

  func join(_ run: String, _ client: Int, chunkByteCount: Int, _ input: AsyncStream<Outgoing>.Continuation) {
    let unanswered = shared.withLock { shared in
      shared.run = run
      shared.outbox = input
      shared.chunkByteCount = chunkByteCount
      return shared.work.unanswered
    }
    told.yield(.joined(run: run, client: client))
    if let unanswered { input.yield(.report(unanswered)) }
  }

  func take(_ arrived: ServerStream.Arrived) {
    let work = arrived.work
    let (step, outbox) = shared.withLock { ($0.work.begin(work), $0.outbox) }
    switch step {
    case .nothing: return
    case .send(let report): outbox?.yield(.report(report))
    case .train: train(arrived)
    }
  }

  private func train(_ arrived: ServerStream.Arrived) {
    let work = arrived.work
    switch arrived.task {
    case .failure(let error): complete(work, .failure(error))
    case .success(let ready):
      told.yield(.training(round: work.task.round))
      thread.start { [self] in
        do {
          complete(work, .success(try perform(work, ready)))
        } catch is CancellationError {
          // Nobody wants it any longer.
        } catch {
          complete(work, .failure(error))
        }
      }
    }
  }

  /// Does a task, on the training thread.
  ///
  /// - Throws: `CancellationError` as soon as the work is wanted no longer.
  private func perform(
    _ work: WorkInHand.Work, _ ready: ServerStream.Ready
  ) throws -> (metrics: ClientMetrics, update: [Float]) {
    let checkpoint: @Sendable () throws -> Void = { [self] in
      try thread.checkpoint()
      guard shared.withLock({ $0.work.holds(work) }) else { throw CancellationError() }
    }
    try checkpoint()
    guard let examples = shared.withLock({ $0.examples?.view }) else {
      throw FluxionError(.unsupported, "the examples are not read")
    }
    let held = thread.timeHeld
    var (metrics, update) = try runner.withLock { runner in
      let known = runner.flatMap { $0.holds(examples) ? $0 : nil }
      let current = known ?? TaskRunner(examples, maximumProgramMemory: configuration.maximumProgramMemory)
      runner = current
      return try current.run(ready.assignment, ready.steps, parameters: ready.parameters, beforeStep: checkpoint)
    }
    metrics.seconds -= (thread.timeHeld - held) / .seconds(1)
    return (metrics, update)
  }

  private func complete(
    _ work: WorkInHand.Work, _ result: Result<(metrics: ClientMetrics, update: [Float]), any Error>
  ) {
    let makeReport: (ReportedTask) -> ClientReportMessage
    let event: ClientProgress
    switch result {
    case .success(let (metrics, update)):
      makeReport = { ClientReportMessage($0, metrics, update: update) }
      event = .trained(round: work.task.round, loss: metrics.trainLoss)
    case .failure(let error):
      let failure = error as? FluxionError ?? FluxionError(.unsupported, "\(error)")
      makeReport = { .failure(Fluxion_V1_Failure($0, failure)) }
      event = .failed(round: work.task.round, reason: failure.message)
    }
    let (report, outbox) = shared.withLock { ($0.work.report(on: work, makeReport), $0.outbox) }
    guard let report else { return }
    told.yield(event)
    outbox?.yield(.report(report))
  }

  func note(_ verdict: Fluxion_V1_Verdict) {
    guard let task = shared.withLock({ $0.work.end(verdict.task) }) else { return }
    let answer: ClientProgress.Answer
    switch verdict.kind {
    case .accepted: answer = .accepted
    case .noted: answer = .noted
    case .late: answer = .late
    case .notSelected: answer = .refused(reason: "the round did not ask this party")
    case .refused, .unspecified, .UNRECOGNIZED:
      answer = .refused(reason: verdict.reason.cut(toBytes: WireLimits.reasonByteCount))
    }
    told.yield(.answered(round: task.round, answer))
  }
}
