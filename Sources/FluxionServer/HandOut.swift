import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionWire
import FluxionLearning

/// One attempt at a round: what was handed out, who has answered, and what was said to them.
struct HandOut: Sendable {
  let task: UInt64
  private(set) var request: TrainingRequest
  /// The global parameters, encoded once for all clients.
  let body: OutgoingBody
  let deliver: @Sendable (ReportBatch) -> Void
  private(set) var isOpen = true
  /// Whose accepted updates are on record; they count from then on, and not before.
  private var counted: Set<Int> = []
  private var answers: [Int: Verdict] = [:]
  /// Reports that the coordinator has, and who waits for the verdict: more than one stream if a client came back.
  private var pending: [Int: [PendingReport]] = [:]

  /// - Throws: ``FluxionError/Code/unsupported`` for a plan that has no form on the wire.
  init(task: UInt64, request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) throws {
    let plan = request.plan
    guard plan.transforms.isEmpty else {
      throw FluxionError(
        .unsupported, "a plan with update transforms cannot be sent to clients; run it in the simulator")
    }
    guard plan.tuning == nil, plan.gradient == nil, plan.work.training.tangents.isEmpty else {
      throw FluxionError(
        .unsupported,
        "a plan that tunes hyperparameters or asks for gradients behind the updates cannot be sent to clients; run it "
          + "in the simulator")
    }
    self.task = task
    self.request = request
    self.deliver = deliver
    body = OutgoingBody([("parameters", request.parameters.values)])
  }

  /// Gives the work to more clients, who take the place of others.
  mutating func add(_ clients: [Int]) { request.clients = (request.clients + clients).sorted() }

  /// Whether a report of a client would be the first.
  func awaits(_ client: Int) -> Bool {
    isOpen && answers[client] == nil && pending[client] == nil && selected(client)
  }

  func selected(_ client: Int) -> Bool {
    // Cohorts ascend.
    var (low, high) = (0, request.clients.count)
    while low < high {
      let middle = (low + high) / 2
      if request.clients[middle] < client { low = middle + 1 } else { high = middle }
    }
    return low < request.clients.count && request.clients[low] == client
  }

  /// The round learns that a client will have no update.
  func fail(_ client: Int, _ reason: String) {
    let report = ClientReport(
      round: request.round, client: client, outcome: .failed(ClientFailure(.unavailable, reason)))
    deliver(ReportBatch(reports: [report], updates: NoUpdates()))
  }

  /// Clients that were asked and have reported nothing.
  var unanswered: [Int] { request.clients.filter { awaits($0) } }

  /// What was said to a client's report, or would be said at once; nil if the coordinator has to judge.
  func judgement(for client: Int) -> Judgement? {
    if let known = answers[client] { return judgement(known, for: client) }
    if !isOpen { return .verdict(.late) }
    return selected(client) ? nil : .verdict(.notSelected)
  }

  private func judgement(_ verdict: Verdict, for client: Int) -> Judgement {
    switch verdict {
    case .accepted, .duplicate: counted.contains(client) ? .verdict(.accepted) : .untilRecorded
    default: .verdict(verdict)
    }
  }

  /// Notes who waits for a verdict.
  ///
  /// - Returns: whether the report is the first of the client, and must be delivered.
  mutating func wait(_ client: Int, _ report: PendingReport) -> Bool {
    let isFirst = pending[client] == nil
    pending[client, default: []].append(report)
    return isFirst
  }

  /// Notes what the coordinator says.
  ///
  /// - Returns: who waits for it, and what to tell them.
  mutating func answer(_ client: Int, _ verdict: Verdict) -> ([PendingReport], Judgement) {
    if answers[client] == nil { answers[client] = verdict }
    return (pending.removeValue(forKey: client) ?? [], judgement(verdict, for: client))
  }

  /// A round is on record: what was accepted until then counts.
  ///
  /// - Returns: the clients whose updates count, who have not been told yet.
  mutating func record() -> [Int] {
    let clients = undecided
    counted.formUnion(clients)
    return clients
  }

  /// What was accepted and is not on record never will be.
  ///
  /// - Returns: the clients whose updates do not count.
  mutating func drop() -> [Int] {
    let clients = undecided
    for client in clients { answers[client] = .late }
    return clients
  }

  private var undecided: [Int] {
    answers.filter { client, verdict in
      (verdict == .accepted || verdict == .duplicate) && !counted.contains(client)
    }.keys.sorted()
  }

  /// What is kept of a hand-out that is over; what was accepted in it counts, or was dropped.
  var past: PastTask { PastTask(task: task, answers: answers) }

  /// Nobody is awaited any longer.
  ///
  /// - Returns: who waits for a verdict.
  mutating func close() -> [PendingReport] {
    isOpen = false
    defer { pending.removeAll() }
    return pending.values.flatMap { $0 }
  }
}

/// What becomes of a report.
enum Judgement: Equatable, Sendable {
  /// The client is told at once.
  case verdict(Verdict)
  /// The update is in the sum; the client is told once the round is on record, and keeps its update until then.
  case untilRecorded
}

/// A report that the coordinator has, and who waits for what becomes of it.
struct PendingReport: Sendable {
  let reported: ReportedTask
  let stream: ClientStream
  /// Whether the client says that it has no update; it asked for nothing else than to have that noted.
  let isFailure: Bool
  let continuation: CheckedContinuation<Judgement, Never>

  /// Tells the client, before anything that the coordinator does next, then whoever waits.
  func resolve(_ judgement: Judgement) {
    if case .verdict(let verdict) = judgement {
      let isNoted = if isFailure, case .refused = verdict { true } else { false }
      stream.send(isNoted ? .noted : verdict, on: reported.task, round: UInt64(reported.round))
    }
    continuation.resume(returning: judgement)
  }
}

/// The answers to a task that is over, for clients that did not hear them.
struct PastTask: Sendable {
  let task: UInt64
  let answers: [Int: Verdict]
}
