import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import Synchronization

/// The world of a simulation in which time passes as the parties' devices need it, not as this machine does.
///
/// What a party will have done is known from what it was given, so it is computed at any time before it reports, for as
/// many parties at once as there are threads; nothing of it depends on their number. Who is not awaited any longer never
/// trains.
final class VirtualTimeTransport: Transport {
  let clock = VirtualClock()
  private let base: InProcessTransport
  private let pool: WorkerPool
  private let threads: [ThreadMemory]
  private let duration: @Sendable (ClientWork, _ client: Int) -> Duration
  private let state = Mutex(State())

  private struct State {
    /// By when they report, and at one instant by client.
    var jobs: [Job] = []
    /// From a checkpoint, until the work is handed out again.
    var arrivals: [Int: Duration] = [:]
  }

  private struct Job {
    let client: Int
    let arrival: Duration
    let common: ClientMemory.Round
    let deliver: @Sendable (ReportBatch) -> Void
    var result: TrainedClient?
  }

  /// - Parameter duration: how long a client works.
  init(
    _ base: InProcessTransport, pool: WorkerPool, duration: @escaping @Sendable (ClientWork, _ client: Int) -> Duration
  ) {
    self.base = base
    self.pool = pool
    self.duration = duration
    threads = (0..<pool.threadCount).map { _ in ThreadMemory() }
  }

  let endsWithCoordinator = true

  func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) throws {
    guard request.plan.tuning == nil else {
      throw FluxionError(.unsupported, "hyperparameters are not tuned in virtual time; leave one of the two out")
    }
    var collecting = request
    collecting.plan.aggregator = CollectedUpdates(takesGradients: request.plan.gradient != nil)
    let (common, now) = (try base.prepare(collecting), clock.now())
    state.withLock { state in
      for client in request.clients {
        let arrival = state.arrivals.removeValue(forKey: client) ?? now + duration(request.plan.work, client)
        state.jobs.append(Job(client: client, arrival: arrival, common: common, deliver: deliver))
      }
      state.jobs.sort { ($0.arrival, $0.client) < ($1.arrival, $1.client) }
    }
  }

  func endRound(_ round: Int) { state.withLock { $0.jobs.removeAll { $0.common.request.round == round } } }

  func memory() -> WorldMemory {
    var memory = base.memory()
    memory.time = clock.now()
    memory.arrivals = state.withLock { Dictionary($0.jobs.map { ($0.client, $0.arrival) }) { $1 } }
    return memory
  }

  func restore(_ memory: WorldMemory) {
    base.restore(memory)
    if let time = memory.time { clock.advance(to: time) }
    state.withLock { $0.arrivals = memory.arrivals }
  }

  /// Lets the next client report, or the next deadline pass if that is earlier.
  func advance() async {
    guard let arrival = state.withLock({ $0.jobs.first?.arrival }) else {
      if let due = clock.nextDue { clock.advance(to: due) }
      return
    }
    if let due = clock.nextDue, due < arrival { return clock.advance(to: due) }
    await trainNext()
    guard let job = state.withLock({ state -> Job? in state.jobs.isEmpty ? nil : state.jobs.removeFirst() }),
      let result = job.result
    else { return }
    // Who reports at the instant of a deadline has made it.
    clock.advance(upTo: arrival)
    job.deliver(ReportBatch(reports: [result.report], updates: result))
  }

  /// Trains the next clients to report, one on each thread, unless the first has trained.
  private func trainNext() async {
    let due = state.withLock { state in
      state.jobs.first?.result == nil ? state.jobs.indices.filter { state.jobs[$0].result == nil } : []
    }.prefix(threads.count)
    guard !due.isEmpty else { return }
    let jobs = state.withLock { state in due.map { (state.jobs[$0].client, state.jobs[$0].common) } }
    let results = Mutex([TrainedClient?](repeating: nil, count: jobs.count))
    await pool.run(items: jobs.count) { [self] worker, item in
      let (client, common) = jobs[item]
      let result = threads[worker].withLock { $0.trainAlone(client, common) }
      results.withLock { $0[item] = result }
    }
    state.withLock { state in
      for (position, result) in zip(due, results.withLock { $0 }) { state.jobs[position].result = result }
    }
  }
}

/// What a client that trained alone reports.
struct TrainedClient: UpdateSource {
  let report: ClientReport
  /// nil where the report says why there is none.
  let update: ClientUpdate?

  func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) throws {
    guard let update else { return }
    let upload = update.gradient.map { update.values + $0 } ?? update.values
    try upload.withUnsafeBufferPointer {
      try sum.fold($0, weight: update.weight, client: update.client)
    }
  }
}
