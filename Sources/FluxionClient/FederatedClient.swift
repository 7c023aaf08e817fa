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
/// on with what it was doing, and sends a report that was not answered again. It can be paused (``pause()``), and told of
/// network and power to pause by itself (``updateConditions(network:power:)``).
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
  enum Outgoing: Sendable {
    case report(ClientReportMessage)
    /// Of the update on this task.
    case body(of: UInt64)
  }

  /// What the run, its connection and the training thread share.
  struct Shared {
    enum Phase { case ready, running, ended }

    var phase = Phase.ready
    var work = WorkInHand()
    /// Where reports go, while a server listens.
    var outbox: AsyncStream<Outgoing>.Continuation?
    /// The most bytes of data in one chunk to that server.
    var chunkByteCount = WireLimits.chunkByteCount
    var run: String?
    /// The examples, once it is known how they are read.
    var examples: (schema: TableSchema?, view: DatasetView)?
  }

  let shared = Mutex(Shared())
  let told: AsyncStream<ClientProgress>.Continuation
  let thread = TrainingThread()
  /// The training thread's.
  let runner = Mutex<TaskRunner?>(nil)
  let permit: WorkPermit

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
    if case .chargingOrBattery(let share) = configuration.requirements.power, !(0...1).contains(share) {
      throw FluxionError(.invalidArgument, "the share of a battery is from 0 to 1, not \(share)")
    }
    self.configuration = configuration
    self.data = data
    permit = WorkPermit(configuration.requirements, thread: thread)
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
    let isFirst = shared.withLock { shared in
      defer { shared.phase = shared.phase == .ready ? .running : shared.phase }
      return shared.phase == .ready
    }
    guard isFirst else { throw FluxionError(.invalidArgument, "a client runs once; make another to join again") }
    defer {
      shared.withLock { $0.phase = .ended }
      thread.close()
      told.finish()
    }
    while true {
      switch try await visit() {
      case .farewell(let reason):
        told.yield(.finished(reason: reason))
        return
      case .hindered(let reason):
        told.yield(.paused(reason))
        await permit.grant()
        try Task.checkCancellation()
        told.yield(.resumed)
      }
    }
  }

  /// How taking part ended.
  private enum Visit: Sendable {
    case farewell(String)
    case hindered(PauseReason)
  }

  /// Takes part until the run is over or the client may not work.
  private func visit() async throws -> Visit {
    if let reason = permit.hindrance { return .hindered(reason) }
    defer { _ = leave() }
    return try await withThrowingTaskGroup(of: Visit?.self) { group in
      group.addTask { [self] in .farewell(try await takePart()) }
      group.addTask { [permit] in await permit.withdrawal().map(Visit.hindered) }
      group.addTask { [configuration] in
        await configuration.security.maintain(configuration.host, configuration.port)
        return nil
      }
      var visit: Visit?
      while let ended = await group.nextResult() {
        switch ended {
        case .success(let outcome?):
          // A goodbye that came while the connection was being left is one all the same.
          if case .farewell = outcome { visit = outcome }
          visit = visit ?? outcome
          group.cancelAll()
        case .success(nil), .failure(is CancellationError): break
        case .failure(let error): throw error
        }
      }
      guard let visit else { throw CancellationError() }
      return visit
    }
  }

  /// - Returns: the server's goodbye.
  private func takePart() async throws -> String {
    var failures = 0
    while true {
      let reason: String
      do {
        if let farewell = try await attend() { return farewell }
        try Task.checkCancellation()
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
    shared.withLock { shared in
      defer { shared.outbox = nil }
      return shared.outbox != nil
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
    let (run, task) = shared.withLock { ($0.run, $0.work.task) }
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
        let size = shared.withLock { $0.chunkByteCount }
        for chunk in body.chunks(of: size) { try await writer.write(.with { $0.chunk = chunk }) }
      }
    }
  }

  /// - Returns: the server's goodbye.
  private func read(
    _ messages: RPCAsyncSequence<Fluxion_V1_ServerMessage, any Error>,
    _ input: AsyncStream<Outgoing>.Continuation
  ) async throws -> String? {
    var stream = ServerStream(maximumByteCount: configuration.maximumProgramMemory)
    var goodbye: String?
    do {
      for try await message in messages where goodbye == nil {
        goodbye = try take(try stream.receive(message), from: stream, input)
        // The server ends the stream once it knows by the end of this side that its goodbye was heard.
        if goodbye != nil { input.finish() }
      }
    } catch {
      if goodbye == nil { throw error }
    }
    return goodbye
  }

  /// - Returns: the server's goodbye, if it is one.
  private func take(
    _ event: ServerStream.Event?, from stream: ServerStream, _ input: AsyncStream<Outgoing>.Continuation
  ) throws -> String? {
    switch event {
    case .joined(let run, let client, let schema):
      try prepare(schema)
      join(run, client, chunkByteCount: stream.chunkByteCount, input)
    case .task(let arrived): take(arrived)
    case .proceed(let task): input.yield(.body(of: task))
    case .verdict(let verdict): note(verdict)
    case .withdrawn(let task): _ = shared.withLock { $0.work.end(task) }
    case .farewell(let reason): return reason
    case nil: break
    }
    return nil
  }
}
