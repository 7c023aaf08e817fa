import FluxionData
import FluxionIdentity
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Testing

@testable import FluxionClient
@testable import FluxionServer

@Suite("Calls that last", .timeLimit(.minutes(10)))
struct LiveRevocationTests {
  private let server: SecureServer

  init() throws { server = try SecureServer() }

  @Test("the stream of a party that another process revokes ends with a refusal, and it cannot come back")
  func revoked() async throws {
    let (party, other) = try (server.party("a"), server.party("b"))
    try await server.serve { port in
      async let refused: Void = expectRefusal { try await join(party, port) { try await $0.wait() } }
      async let unharmed: Void = join(other, port) { try await $0.wait() }
      try await server.transport.waitForParties(2)
      try Registrar(state: server.state).revoke(party.name)
      await refused
      #expect(server.transport.connectedParties == [1])
      await expectRefusal { try await join(party, port) { _ in } }
      server.transport.finish("the test is over")
      try await unharmed
    }
  }

  @Test("the stream of a party whose certificate runs out ends, so that it comes back with another")
  func expired() async throws {
    let party = try server.party("a")
    try await server.serve { port in
      try await join(party, port) { (talk: inout Talk) async throws in
        server.advance(91 * 86400)
        await expectEnd { try await talk.wait() }
      }
    }
  }

  @Test("a stream ends when the record cannot be read any more")
  func unreadable() async throws {
    let party = try server.party("a")
    try await server.serve { port in
      try await join(party, port) { (talk: inout Talk) async throws in
        try FileManager.default.removeItem(at: server.state.appending(path: "identity/registry.log"))
        await expectEnd { try await talk.wait() }
      }
    }
  }

  /// Opens a stream that the server has welcomed.
  private func join(
    _ party: PartyIdentity, _ port: Int, _ body: @escaping @Sendable (inout Talk) async throws -> Void
  ) async throws {
    let data = try Dataset.digits().all
    try await Talk.open(port, as: party) { (talk: inout Talk) async throws in
      talk.greet(party.name.description, data)
      guard case .joined = try await talk.next() else { return }
      try await body(&talk)
    }
  }

  private func expectEnd(_ body: () async throws -> Void) async {
    await #expect { try await body() } throws: { ($0 as? RPCError)?.code == .unavailable }
  }

  private func expectRefusal(_ body: () async throws -> Void) async {
    await #expect { try await body() } throws: { ($0 as? RPCError)?.code == .permissionDenied }
  }
}
