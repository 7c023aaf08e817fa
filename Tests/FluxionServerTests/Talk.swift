@testable import FluxionClient
import FluxionData
import FluxionFederation
import FluxionIdentity
import FluxionWire
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf

/// A client that says what a test has it say.
struct Talk {
  private let outbox: AsyncStream<Utterance>.Continuation
  private var messages: RPCAsyncSequence<Fluxion_V1_ServerMessage, any Error>.AsyncIterator
  private var stream = ServerStream(maximumByteCount: 1 << 30)

  /// Opens a stream for as long as `body` takes; then it is lost, as by a client that dies.
  static func open<Result: Sendable>(
    _ port: Int, _ body: @escaping @Sendable (inout Talk) async throws -> Result
  ) async throws -> Result {
    try await open(
      HTTP2ClientTransport.Posix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext), body)
  }

  /// As a party with a certificate.
  static func open<Result: Sendable>(
    _ port: Int, as party: PartyIdentity, _ body: @escaping @Sendable (inout Talk) async throws -> Result
  ) async throws -> Result {
    try await open(
      HTTP2ClientTransport.Posix(
        target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .customSecure,
        config: .defaults { PartyTLS.install(in: &$0) { try PartyTLS.handler(party, host: "127.0.0.1") } }), body)
  }

  static func open<Result: Sendable>(
    _ transport: HTTP2ClientTransport.Posix, _ body: @escaping @Sendable (inout Talk) async throws -> Result
  ) async throws -> Result {
    var options = CallOptions.defaults
    options.waitForReady = false
    let fixed = options
    let (queue, outbox) = AsyncStream<Utterance>.makeStream()
    return try await withGRPCClient(transport: transport) { client in
      try await client.bidirectionalStreaming(
        request: StreamingClientRequest { writer in for await utterance in queue { try await writer.write(utterance) }
        },
        descriptor: Fluxion_V1_Federation.Method.Join.descriptor, serializer: Utterance.Serializer(),
        deserializer: Answers(), options: fixed
      ) { response in
        defer { outbox.finish() }
        var talk = Talk(outbox: outbox, messages: response.messages.makeAsyncIterator())
        return try await body(&talk)
      }
    }
  }

  func send(_ kind: Fluxion_V1_ClientMessage.OneOf_Kind) { outbox.yield(.message(.with { $0.kind = kind })) }

  /// Sends what may be no message.
  func send(bytes: [UInt8]) { outbox.yield(.bytes(bytes)) }

  /// Says hello for a party.
  func greet(_ name: String, _ data: DatasetView, place: Int? = nil) {
    send(
      .hello(
        Introduction(
          name: name, samples: data.count, exampleShape: data.dataset.exampleShape,
          classCount: data.dataset.classCount, place: place
        ).message))
  }

  /// What the server says next that is a whole; nil at the end.
  mutating func next() async throws -> ServerStream.Event? {
    while let message = try await messages.next() {
      if let event = try stream.receive(message) { return event }
    }
    return nil
  }

  /// The next task, with everything that belongs to it.
  mutating func task() async throws -> (ReportedTask, ServerStream.Ready)? {
    while let event = try await next() {
      if case .task(let arrived) = event { return (arrived.work.task, try arrived.task.get()) }
    }
    return nil
  }

  mutating func verdict() async throws -> Fluxion_V1_Verdict? {
    while let event = try await next() {
      if case .verdict(let verdict) = event { return verdict }
    }
    return nil
  }

  /// Reads to the end.
  mutating func wait() async throws { while try await next() != nil {} }

  func send(_ update: Fluxion_V1_Update, _ body: OutgoingBody) {
    send(.update(update))
    for chunk in body.chunks(of: 700) { send(.chunk(chunk)) }
  }
}

private enum Utterance: Sendable {
  case message(Fluxion_V1_ClientMessage)
  case bytes([UInt8])

  struct Serializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ utterance: Utterance) throws -> Bytes {
      switch utterance {
      case .message(let message): Bytes(try message.serializedBytes() as [UInt8])
      case .bytes(let bytes): Bytes(bytes)
      }
    }
  }
}

private struct Answers: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ serialized: Bytes) throws -> Fluxion_V1_ServerMessage {
    try Fluxion_V1_ServerMessage(serializedBytes: serialized.withUnsafeBytes { Array($0) })
  }
}

/// The work that a task asks for, done honestly.
func work(
  _ task: ReportedTask, _ ready: ServerStream.Ready, _ data: DatasetView
) throws -> (update: Fluxion_V1_Update, values: [Float]) {
  let runner = TaskRunner(data, maximumProgramMemory: 1 << 30)
  let (metrics, values) = try runner.run(ready.assignment, ready.steps, parameters: ready.parameters)
  return (Fluxion_V1_Update(task, metrics, body: OutgoingBody([("update", values)]).declaration), values)
}
