import FluxionCalculus
public import FluxionData
import FluxionFederation
import FluxionWire
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization
import SwiftProtobuf

/// A party's side of a federation: joins a server, trains on its own data when asked, and sends what was learnt.
///
/// The data never leave the process. The server sends the steps to train with as programs, which are checked and
/// compiled here; no model has to be installed with a client. A client that loses its server comes back by itself, goes
/// on with what it was doing, and sends a report that was not answered again.
///
/// ```swift
/// let client = try FederatedClient(.init(name: "hospital-a", port: 7117), data: .table("patients.csv"))
/// Task { for await progress in client.progress { print(progress) } }
/// try await client.run()  // until the run is over
/// ```
public final class FederatedClient: Sendable {
  public let configuration: Configuration
  public let data: PartyData
  /// What the client is doing, for one reader. It ends with ``run()``; without a reader the latest 256 events are kept.
  public let progress: AsyncStream<ClientProgress>

  /// What goes to the server.
  private enum Outgoing: Sendable {
    case report(ClientReportMessage)
    /// Of the update on this task.
    case body(of: UInt64)
  }

  private struct State {
    var work = WorkInHand()
    /// Where reports go, while a server listens.
    var outbox: AsyncStream<Outgoing>.Continuation?
    var run: String?
    /// By which the examples were read.
    var schema: TableSchema?
    var isRunning = false
  }

  private let state = Mutex(State())
  private let told: AsyncStream<ClientProgress>.Continuation
  private let thread = TrainingThread()
  /// Of the examples, once it is known how they are read.
  private let runner = Mutex<TaskRunner?>(nil)

  /// - Throws: ``FluxionError/Code/invalidArgument`` for no data or a name that cannot be,
  ///   ``FluxionError/Code/unsupported`` for a host that can only be reached over a network.
  public init(_ configuration: Configuration, data: PartyData) throws {
    guard data.count > 0 else {
      throw FluxionError(.invalidArgument, "a party trains on at least one example; \"\(data.name)\" has none")
    }
    guard (1...WireLimits.nameByteCount).contains(configuration.name.utf8.count) else {
      throw FluxionError(.invalidArgument, "a party's name has 1 to \(WireLimits.nameByteCount) bytes")
    }
    guard (1...65_535).contains(configuration.port) else {
      throw FluxionError(.invalidArgument, "a port is from 1 to 65535, not \(configuration.port)")
    }
    guard configuration.security.joinsBeyondLoopback || ["127.0.0.1", "::1"].contains(configuration.host) else {
      throw FluxionError(
        .unsupported,
        "without encryption a client joins servers at 127.0.0.1 or ::1 only; it was given \(configuration.host)")
    }
    self.configuration = configuration
    self.data = data
    (progress, told) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
  }

  /// As ``init(_:data:)``, of examples as the server's model takes them.
  public convenience init(_ configuration: Configuration, data: DatasetView) throws {
    try self.init(configuration, data: .examples(data))
  }

  deinit { thread.close() }

  /// Takes part until the server says that the run is over.
  ///
  /// - Throws: ``FluxionError`` if the server refuses the client, or no server was found as often as the configuration
  ///   says; `CancellationError` if the task is cancelled. Run a client once.
  public func run() async throws {
    let isFirst = state.withLock { state in
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard isFirst else { throw FluxionError(.invalidArgument, "a client runs once; make another to join again") }
    let maintenance = Task { [configuration] in
      await configuration.security.maintain(configuration.host, configuration.port)
    }
    defer {
      maintenance.cancel()
      told.finish()
    }
    var failures = 0
    while true {
      let reason: String
      do {
        if let farewell = try await attend() {
          told.yield(.finished(reason: farewell))
          return
        }
        reason = "the server ended the stream"
      } catch {
        try Task.checkCancellation()
        reason = try Self.transientReason(of: error)
      }
      // A server that took the client in was reached, whatever happened then.
      failures = leave() ? 1 : failures + 1
      if let limit = configuration.maximumAttempts, failures >= limit {
        throw FluxionError(
          .notFound, "\(configuration.host):\(configuration.port) was not reached in \(failures) attempts: \(reason)")
      }
      let delay = configuration.backoff.delay(afterFailures: failures, key: configuration.key)
      told.yield(.disconnected(reason: reason, retryAfter: delay))
      try await Task.sleep(for: delay)
    }
  }

  /// Forgets the connection; whether there was one that the server had welcomed.
  private func leave() -> Bool {
    state.withLock { state in
      defer { state.outbox = nil }
      return state.outbox != nil
    }
  }

  /// The sentence of an error after which the client comes back.
  ///
  /// - Throws: the errors after which it does not.
  private static func transientReason(of error: any Error) throws -> String {
    if let error = error as? FluxionError {
      if [.unsupported, .unauthorized].contains(error.code) { throw error }
      return error.message
    }
    guard let error = error as? RPCError else { return "\(error)" }
    switch error.code {
    case .invalidArgument, .failedPrecondition, .permissionDenied, .unauthenticated, .unimplemented, .alreadyExists:
      throw FluxionError(.unsupported, "the server refuses this client: \(error.message)")
    default: return error.message
    }
  }
}

extension FederatedClient {
  /// One connection, from hello to goodbye; nil if it ends without one.
  private func attend() async throws -> String? {
    let (queue, input) = AsyncStream<Outgoing>.makeStream()
    defer { input.finish() }
    var options = CallOptions.defaults
    // An attempt that reaches nobody ends, so that the client's own back-off has its say.
    options.waitForReady = false
    options.maxResponseMessageBytes = WireLimits.messageByteCount
    let fixed = options
    return try await withGRPCClient(transport: try transport()) { client in
      try await Fluxion_V1_Federation.Client(wrapping: client).join(options: fixed) { [self] writer in
        try await write(queue, to: writer)
      } onResponse: { [self] response in
        // The writer ends with the reader.
        defer { input.finish() }
        return try await read(response.messages, input)
      }
    }
  }

  private func transport() throws -> HTTP2ClientTransport.Posix {
    try HTTP2ClientTransport.Posix(
      target: ServerTarget.at(configuration.host, port: configuration.port),
      transportSecurity: configuration.security.transport(),
      config: configuration.security.settings(host: configuration.host))
  }

  private func write(
    _ queue: AsyncStream<Outgoing>, to writer: RPCWriter<Fluxion_V1_ClientMessage>
  ) async throws {
    let (run, task) = state.withLock { ($0.run, $0.work.task) }
    let introduction = Introduction(
      name: configuration.name, run: run, samples: data.count, exampleShape: data.exampleShape,
      classCount: data.classCount, taskInHand: task, place: configuration.place)
    try await writer.write(.with { $0.hello = introduction.message })
    // The latest update of which the server knows, and for whose body it may have no room yet.
    var announced: (task: UInt64, body: OutgoingBody)?
    for await outgoing in queue {
      switch outgoing {
      case .report(.failure(let failure)): try await writer.write(.with { $0.failure = failure })
      case .report(.update(let update, let body)):
        announced = (update.task, body)
        try await writer.write(.with { $0.update = update })
      case .body(of: let task):
        // Another update was announced since, and the server goes on with that.
        guard let body = announced.flatMap({ $0.task == task ? $0.body : nil }) else { continue }
        announced = nil
        for chunk in body.chunks(of: Self.chunkByteCount) { try await writer.write(.with { $0.chunk = chunk }) }
      }
    }
  }

  private static let chunkByteCount = 256 << 10

  /// - Returns: the server's goodbye.
  private func read(
    _ messages: RPCAsyncSequence<Fluxion_V1_ServerMessage, any Error>,
    _ input: AsyncStream<Outgoing>.Continuation
  ) async throws -> String? {
    var stream = ServerStream(maximumByteCount: configuration.maximumProgramMemory)
    for try await message in messages {
      switch try stream.receive(message) {
      case .joined(let run, let client, let schema):
        try prepare(schema)
        join(run, client, input)
      case .task(let arrived): take(arrived)
      case .proceed(let task): input.yield(.body(of: task))
      case .verdict(let verdict): note(verdict)
      case .withdrawn(let task): _ = state.withLock { $0.work.end(task) }
      case .farewell(let reason): return reason
      case nil: break
      }
    }
    return nil
  }

  /// Reads the examples, once for each way to read them.
  private func prepare(_ schema: TableSchema?) throws {
    try runner.withLock { runner in
      guard runner == nil || state.withLock({ $0.schema }) != schema else { return }
      runner = TaskRunner(
        try data.examples(as: schema), maximumProgramMemory: configuration.maximumProgramMemory)
      state.withLock { $0.schema = schema }
    }
  }

  private func join(_ run: String, _ client: Int, _ input: AsyncStream<Outgoing>.Continuation) {
    let unanswered = state.withLock { state in
      state.run = run
      state.outbox = input
      return state.work.unanswered
    }
    told.yield(.joined(run: run, client: client))
    if let unanswered { input.yield(.report(unanswered)) }
  }

  private func take(_ arrived: ServerStream.Arrived) {
    let work = arrived.work
    let (step, outbox) = state.withLock { ($0.work.begin(work), $0.outbox) }
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
        guard state.withLock({ $0.work.holds(work) }) else { return }
        complete(
          work,
          Result {
            try runner.withLock { runner in
              guard let runner else { throw FluxionError(.unsupported, "the examples are not read") }
              return try runner.run(ready.assignment, ready.steps, parameters: ready.parameters)
            }
          })
      }
    }
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
    let (report, outbox) = state.withLock { ($0.work.report(on: work, makeReport), $0.outbox) }
    guard let report else { return }
    told.yield(event)
    outbox?.yield(.report(report))
  }

  private func note(_ verdict: Fluxion_V1_Verdict) {
    guard let task = state.withLock({ $0.work.end(verdict.task) }) else { return }
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
