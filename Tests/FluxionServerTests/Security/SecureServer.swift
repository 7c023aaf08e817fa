import Crypto
import FluxionCalculus
import FluxionClient
import FluxionCoordination
import FluxionIdentity
import FluxionLearning
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization

@testable import FluxionServer

/// A server with mutual TLS on the loopback interface, and a clock that moves when it is told to.
final class SecureServer: Sendable {
  let state: URL
  let registrar: Registrar
  let transport: GRPCTransport

  /// - Parameter parties: names that take part.
  init(parties: [String] = ["a", "b"]) throws {
    state = FileManager.default.temporaryDirectory.appending(path: "fluxion-secure-\(UUID().uuidString)")
    let clock = Shift()
    shift = clock
    registrar = try Registrar(creating: state, now: { clock.now })
    var configuration = try GRPCTransport.Configuration(parties: parties, run: "test")
    configuration.greetingTimeout = .seconds(3600)
    transport = try GRPCTransport(.digits, input: [8, 8, 1], configuration)
  }

  deinit { try? FileManager.default.removeItem(at: state) }

  /// The system's clock and what it was advanced by.
  private final class Shift: Sendable {
    private let offset = Mutex<TimeInterval>(0)
    var now: Date { Date(timeIntervalSinceNow: offset.withLock { $0 }) }
    func advance(_ seconds: TimeInterval) { offset.withLock { $0 += seconds } }
  }

  private let shift: Shift

  func advance(_ seconds: TimeInterval) { shift.advance(seconds) }

  func security() throws -> ServerSecurity {
    try ServerSecurity.mutualTLS(registrar, names: [ServerName("localhost"), ServerName("127.0.0.1")])
  }

  func serve<Result: Sendable>(_ body: (_ port: Int) async throws -> Result) async throws -> Result {
    try await FederationServer(transport, security: security()).patient().serve(body)
  }

  func invite(_ name: String) throws -> JoinToken { try registrar.invite(PartyName(name), for: 3600).token }

  func revoke(_ name: String) throws { try registrar.revoke(PartyName(name)) }

  /// An identity without a network.
  func party(
    _ name: String, key: P256.Signing.PrivateKey = P256.Signing.PrivateKey()
  ) throws -> PartyIdentity {
    let grant = try registrar.enroll(
      secret: registrar.invite(PartyName(name), for: 3600).token.secret, request: SigningRequest.encoded(for: key))
    return try PartyIdentity(
      name: name, key: key, certificate: grant.certificate, authority: grant.authority,
      trusted: registrar.authority.fingerprint)
  }

  func folder(_ name: String) throws -> PartyFolder { try PartyFolder(state: state.appending(path: "of-\(name)")) }
}

/// Messages as they are on the wire.
struct RawBytes: MessageSerializer, MessageDeserializer {
  func serialize<Contiguous: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Contiguous { Contiguous(message) }

  func deserialize<Contiguous: GRPCContiguousBytes>(_ serialized: Contiguous) throws -> [UInt8] {
    serialized.withUnsafeBytes { Array($0) }
  }
}
