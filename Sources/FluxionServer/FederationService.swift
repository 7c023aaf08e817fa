import FluxionCalculus
import FluxionCoordination
import FluxionWire
import GRPCCore

/// The RPCs of a federation.
struct FederationService: Fluxion_V1_Federation.SimpleServiceProtocol {
  let transport: GRPCTransport

  func join(
    request: RPCAsyncSequence<Fluxion_V1_ClientMessage, any Error>, response: RPCWriter<Fluxion_V1_ServerMessage>,
    context: ServerContext
  ) async throws {
    let stream = ClientStream()
    let limit = transport.configuration.greetingTimeout
    let greeting = transport.clock.schedule(after: limit) {
      guard stream.client == nil else { return }
      stream.close(throwing: RPCError(code: .deadlineExceeded, message: "no hello came within \(limit)"))
    }
    defer { greeting.cancel() }
    // Each says whether the call is over.
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await stream.write(to: response, chunkByteCount: transport.configuration.chunkByteCount) { party, bytes in
          transport.tell(.sent(party: party, bytes: bytes))
        }
        // After a goodbye the client ends its side, which tells that it has heard.
        return false
      }
      group.addTask {
        try await read(request, stream, of: context.transportSpecific as? Caller)
        return true
      }
      group.addTask {
        try await stream.waitUntilOverdue()
        return true
      }
      defer { group.cancelAll() }
      while let isOver = try await group.next() { if isOver { return } }
    }
  }

  private func read(
    _ request: RPCAsyncSequence<Fluxion_V1_ClientMessage, any Error>, _ stream: ClientStream, of caller: Caller?
  ) async throws {
    guard let caller else { throw RPCError(code: .permissionDenied, message: "nobody vouches for this call") }
    var messages = request.makeAsyncIterator()
    guard let first = try await messages.next() else { return }
    guard case .hello(let hello) = first.kind else {
      throw RPCError(code: .invalidArgument, message: "the first message of a client is its hello")
    }
    let introduction: Introduction
    do { introduction = try Introduction(hello) } catch { throw RPCRefusal.violation(error) }
    if let proven = caller.party, proven != introduction.name {
      throw RPCRefusal.otherParty(introduction.name, proven: proven)
    }
    let party = try transport.connect(stream, as: introduction)
    defer { transport.disconnect(stream, party) }
    var conversation = Conversation(transport, stream, party, introduction)
    defer { conversation.end() }
    while let message = try await messages.next() { try await conversation.receive(message) }
    transport.noteEnd(of: stream, party)
  }
}
