import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import Synchronization

/// A world whose clients do what a script says: they do not train, they answer.
final class FakeTransport: Transport {
  /// What one client does when it is asked to train; it may report any number of times.
  typealias Script = @Sendable (_ client: Int, _ request: TrainingRequest, _ report: Reporter) -> Void

  struct Reporter: Sendable {
    let deliver: @Sendable (ReportBatch) -> Void
    let request: TrainingRequest
    let client: Int
    let answers: Answers

    /// Reports an update of one value everywhere.
    func update(_ value: Float, samples: Int = 10, round: Int? = nil, as other: Int? = nil, count: Int? = nil) {
      let metrics = ClientMetrics(
        samples: samples, steps: 1, lossSum: Double(samples), lossCount: samples, seconds: 0)
      send(
        .trained(metrics), [Float](repeating: value, count: count ?? request.parameters.layout.count), round, other)
    }

    func failure(_ kind: ClientFailure.Kind, _ reason: String) {
      send(.failed(ClientFailure(kind, reason)), [], nil, nil)
    }

    private func send(_ outcome: ClientReport.Outcome, _ update: [Float], _ round: Int?, _ other: Int?) {
      let client = other ?? self.client
      let report = ClientReport(round: round ?? request.round, client: client, outcome: outcome)
      deliver(ReportBatch(reports: [report], updates: OneUpdate(report: report, update: update, answers: answers)))
    }
  }

  private struct OneUpdate: UpdateSource {
    let report: ClientReport
    let update: [Float]
    let answers: Answers

    func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) throws {
      guard case .trained(let metrics) = report.outcome else { return }
      try update.withUnsafeBufferPointer {
        try sum.fold($0, weight: weighting.weight(samples: metrics.samples), client: report.client)
      }
    }

    func answer(_ verdicts: [Verdict]) {
      for verdict in verdicts { answers.note(report.client, report.round, verdict) }
    }
  }

  /// What clients were told, in order.
  final class Answers: Sendable {
    private let told = Mutex<[String]>([])

    func note(_ client: Int, _ round: Int, _ verdict: Verdict) {
      let word =
        switch verdict {
        case .accepted: "accepted"
        case .noted: "noted"
        case .duplicate: "duplicate"
        case .late: "late"
        case .notSelected: "not selected"
        case .refused(let failure): "refused: \(failure.kind.rawValue)"
        }
      told.withLock { $0.append("\(round)/\(client) \(word)") }
    }

    var all: [String] { told.withLock { $0 } }
  }

  let answers = Answers()
  private let script: Script

  init(_ script: @escaping Script) { self.script = script }

  func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) {
    for client in request.clients {
      script(client, request, Reporter(deliver: deliver, request: request, client: client, answers: answers))
    }
  }

  func endRound(_ round: Int) {}
}

/// A store in memory that calls a hook before it takes anything, which may throw in its place.
struct HookedStore: Store {
  let base = InMemoryStore()
  let before: @Sendable (JournalEntry) throws -> Void

  func append(_ entry: JournalEntry) throws {
    try before(entry)
    base.append(entry)
  }

  func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) throws {
    try before(.roundRecorded(round))
    base.record(round, saving: checkpoint)
  }

  func checkpoint<State>(of type: State.Type) throws -> Checkpoint<State>? { try base.checkpoint(of: type) }
  func history() -> RunHistory { base.history() }
}

/// A federation of scripted clients over a model of two parameters, which begin at 0.
struct FakeFederation {
  var policy: RoundPolicy
  let transport: FakeTransport
  let clock = VirtualClock()
  let store: any Store
  var analysis: CoordinatorConfiguration.Analysis?

  init(
    clients: Int = 3, rounds: Int = 2, store: any Store = InMemoryStore(),
    _ change: (inout RoundPolicy) -> Void = { _ in }, script: @escaping FakeTransport.Script
  ) {
    policy = RoundPolicy(clients: clients, rounds: rounds, key: RandomKey(seed: 7))
    change(&policy)
    transport = FakeTransport(script)
    self.store = store
  }

  func coordinator() throws -> Coordinator<FederatedAveraging> {
    try coordinator(FederatedAveraging(local: .sgd(learningRate: 0.1)))
  }

  func coordinator<Algorithm>(_ algorithm: Algorithm) throws -> Coordinator<Algorithm> {
    let layout = try ParameterLayout([("w", [2])])
    return try Coordinator(
      algorithm,
      CoordinatorConfiguration(
        policy: policy, parameters: Parameters(zerosFor: layout),
        evaluate: { Evaluation(loss: Double($0.values[0]), examples: 1) }, analysis: analysis),
      transport: transport, clock: clock, store: store)
  }
}
