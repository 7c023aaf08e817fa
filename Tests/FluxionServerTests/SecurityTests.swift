import FluxionCalculus
@testable import FluxionClient
import FluxionData
import FluxionFederation
@testable import FluxionServer
import GRPCCore
import Testing

@Suite("Who may call a server", .timeLimit(.minutes(10)))
struct SecurityTests {
  /// Lets through whom it is told to, as a connection with a certificate would.
  private struct Gatekeeper: CallAuthorizer {
    var party: String?

    func caller(of method: MethodDescriptor, in context: ServerContext) throws -> Caller {
      guard let party else { throw RPCError(code: .unauthenticated, message: "\(method.method) is for nobody") }
      return Caller(party: party)
    }

    func watch(_ caller: Caller) -> (@Sendable () async throws -> Void)? { nil }
  }

  private static let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16))

  private func serve(
    _ gatekeeper: Gatekeeper, _ body: @Sendable (_ port: Int, GRPCTransport, FederatedClient) async throws -> Void
  ) async throws {
    let federation = try Federation(Self.algorithm)
    let transport = try GRPCTransport(
      federation.task, input: federation.partition.dataset.exampleShape, .init(parties: federation.partition.names))
    var security = ServerSecurity.plaintextOnLoopback
    security.authorizer = gatekeeper
    try await FederationServer(transport, security: security).serve { port in
      try await body(port, transport, try federation.client(0, port))
    }
  }

  @Test("a call that no rule allows reaches no service")
  func denied() async throws {
    try await serve(Gatekeeper(party: nil)) { _, transport, client in
      let error = await #expect(throws: FluxionError.self) { try await client.run() }
      #expect(error?.message.contains("Join is for nobody") == true, "\(error?.message ?? "")")
      #expect(transport.connectedParties.isEmpty)
    }
  }

  @Test("a party cannot say that it is another than its connection proves")
  func another() async throws {
    try await serve(Gatekeeper(party: "party 1")) { _, transport, client in
      let error = await #expect(throws: FluxionError.self) { try await client.run() }
      #expect(error?.message.contains("that of party 1, not of party 0") == true, "\(error?.message ?? "")")
      #expect(transport.connectedParties.isEmpty)
    }
  }

  @Test("a party that is expelled learns why, and does not come back")
  func expelled() async throws {
    try await serve(Gatekeeper(party: "party 0")) { _, transport, client in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let error = await #expect(throws: FluxionError.self) { try await client.run() }
          #expect(error?.message.contains("its certificate is revoked") == true, "\(error?.message ?? "")")
        }
        try await transport.waitForParties(1)
        transport.expel("party 0", because: "its certificate is revoked")
        try await group.waitUnlessOneFails()
      }
    }
  }

  @Test("a server that stops in the middle of a run ends the streams so that its parties look for it again")
  func suspended() async throws {
    struct Stop: Error {}
    await #expect(throws: Stop.self) {
      try await serve(Gatekeeper(party: "party 0")) { _, transport, client in
        let running = Task { try? await client.run() }
        defer { running.cancel() }
        try await transport.waitForParties(1)
        transport.suspend("the server stops")
        for await progress in client.progress {
          guard case .disconnected(let reason, _) = progress else { continue }
          #expect(reason == "the server stops")
          throw Stop()
        }
      }
    }
  }
}
