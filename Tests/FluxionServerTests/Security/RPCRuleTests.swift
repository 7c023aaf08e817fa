import Crypto
import FluxionCalculus
import FluxionIdentity
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOSSL
import SwiftProtobuf
import Testing

@testable import FluxionClient
@testable import FluxionServer

/// Every RPC of the server × every wrong identity.
@Suite("Who may call what", .timeLimit(.minutes(10)))
struct RPCRuleTests {
  /// Who calls.
  enum Visitor: String, CaseIterable, Sendable {
    case party = "a party"
    case nobody = "no certificate"
    case foreign = "another authority's"
    case expired = "expired"
    case offRecord = "signed, but not on record"
    case revoked = "revoked"
    case server = "the server's own certificate"
    case another = "another's name"
    case replay = "a spent token"
  }

  enum Answer: Hashable, Sendable {
    case accepted
    /// There is no connection, so nothing was asked.
    case handshakeFails
    case refused(RPCError.Code)
  }

  private static let join = "fluxion.v1.Federation/Join"
  private static let enroll = "fluxion.v1.Enrollment/Enroll"
  private static let renew = "fluxion.v1.Enrollment/Renew"

  /// What each call is answered: stated here, and not derived from the table of rules.
  private static let answers: [String: [Visitor: Answer]] = [
    join: [
      .party: .accepted, .nobody: .refused(.unauthenticated), .foreign: .handshakeFails, .expired: .handshakeFails,
      .offRecord: .refused(.permissionDenied), .revoked: .refused(.permissionDenied), .server: .handshakeFails,
      .another: .refused(.permissionDenied), .replay: .refused(.unauthenticated),
    ],
    enroll: [
      // Whoever has a token that is good may have a certificate; what it shows beside makes no difference.
      .party: .accepted, .nobody: .accepted, .foreign: .handshakeFails, .expired: .handshakeFails,
      .offRecord: .accepted, .revoked: .accepted, .server: .handshakeFails,
      .another: .refused(.permissionDenied), .replay: .refused(.permissionDenied),
    ],
    renew: [
      .party: .accepted, .nobody: .refused(.unauthenticated), .foreign: .handshakeFails, .expired: .handshakeFails,
      .offRecord: .refused(.permissionDenied), .revoked: .refused(.permissionDenied), .server: .handshakeFails,
      .another: .refused(.permissionDenied), .replay: .refused(.unauthenticated),
    ],
  ]

  private let server: SecureServer

  init() throws { server = try SecureServer() }

  private func methods() throws -> [MethodDescriptor] {
    var router = RPCRouter<HTTP2ServerTransport.Posix>()
    for service in try FederationServer(server.transport, security: server.security()).services {
      service.registerMethods(with: &router)
    }
    return router.methods
  }

  @Test("every RPC that the server has, and none besides, has a rule and is tested below")
  func everyRPC() throws {
    let names = Set(try methods().map(\.fullyQualifiedMethod))
    #expect(names == Set(RPCRule.table.keys))
    #expect(names == Set(Self.answers.keys))
    #expect(Self.answers.values.allSatisfy { Set($0.keys) == Set(Visitor.allCases) })
    let described = Fluxion_V1_Federation.Method.descriptors + Fluxion_V1_Enrollment.Method.descriptors
    #expect(names == Set(described.map(\.fullyQualifiedMethod)))
  }

  @Test("every RPC answers every visitor as it must", arguments: Visitor.allCases)
  func everyAnswer(_ visitor: Visitor) async throws {
    for method in try methods() {
      let expected = try #require(Self.answers[method.fullyQualifiedMethod]?[visitor])
      let server = try SecureServer()
      let answer = try await server.serve { port in
        try await call(method, as: visitor, port, server)
      }
      #expect(answer == expected, "\(method.fullyQualifiedMethod) with \(visitor.rawValue)")
    }
  }

  /// An RPC that was added without a thought of who may call it.
  @Test("an RPC without a rule is refused to everybody", arguments: [Visitor.party, .nobody])
  func noRule(_ visitor: Visitor) async throws {
    var security = try server.security()
    security.services.append(Forgotten())
    let answer = try await FederationServer(server.transport, security: security).serve { port in
      try await call(Forgotten.method, as: visitor, port, server)
    }
    #expect(answer == .refused(.permissionDenied))
  }

  private func call(
    _ method: MethodDescriptor, as visitor: Visitor, _ port: Int, _ server: SecureServer
  ) async throws -> Answer {
    let identity = try identity(of: visitor, server)
    let message = try message(to: method, from: visitor, server)
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .customSecure,
      config: .defaults { PartyTLS.install(in: &$0) { try handler(identity, server) } })
    var options = CallOptions.defaults
    options.waitForReady = false
    // A stream is kept open until it is answered; a single request ends with its message.
    let (held, release) = AsyncStream<Void>.makeStream()
    if method.fullyQualifiedMethod != Self.join { release.finish() }
    do {
      return try await withGRPCClient(transport: transport) { [options] client in
        try await client.bidirectionalStreaming(
          request: StreamingClientRequest {
            try await $0.write(message)
            for await _ in held {}
          }, descriptor: method,
          serializer: RawBytes(), deserializer: RawBytes(), options: options
        ) { response in
          defer { release.finish() }
          for try await _ in response.messages { return Answer.accepted }
          return .refused(.unknown)
        }
      }
    } catch let error as RPCError {
      return error.code == .unavailable ? .handshakeFails : .refused(error.code)
    }
  }

  private func handler(_ identity: KeyedCertificates?, _ server: SecureServer) throws -> NIOSSLClientHandler {
    let authority = try server.registrar.authority.certificate.derEncoded
    return try PartyTLS.handler(
      chain: identity?.encodedCertificates ?? [], key: identity?.encodedKey, authority: authority, host: "127.0.0.1")
  }

  private func identity(of visitor: Visitor, _ server: SecureServer) throws -> KeyedCertificates? {
    switch visitor {
    case .nobody, .replay: return nil
    case .party, .another: return try server.party("a").shown
    case .foreign:
      let foreign = try SecureServer()
      return try foreign.party("a").shown
    case .expired:
      let key = P256.Signing.PrivateKey()
      let past = Date(timeIntervalSinceNow: -91 * 86400)
      return KeyedCertificates(
        key: key,
        certificates: [try server.registrar.authority.certify(PartyName("a"), key.publicKey, now: past)])
    case .offRecord:
      let key = P256.Signing.PrivateKey()
      return KeyedCertificates(
        key: key,
        certificates: [try server.registrar.authority.certify(PartyName("a"), key.publicKey, now: Date())])
    case .revoked:
      let party = try server.party("a").shown
      try server.revoke("a")
      return party
    case .server: return try server.registrar.serverCertificate(for: [ServerName("127.0.0.1")])
    }
  }

  private func message(to method: MethodDescriptor, from visitor: Visitor, _ server: SecureServer) throws -> [UInt8] {
    let key = P256.Signing.PrivateKey()
    switch method.fullyQualifiedMethod {
    case Self.join:
      let introduction = Introduction(
        name: visitor == .another ? "b" : "a", samples: 10, exampleShape: [8, 8, 1], classCount: 10)
      return try Fluxion_V1_ClientMessage.with { $0.hello = introduction.message }.serializedBytes()
    case Self.enroll:
      let token = try server.invite("c")
      if visitor == .replay {
        _ = try server.registrar.enroll(
          secret: token.secret, request: SigningRequest.encoded(for: P256.Signing.PrivateKey()))
      }
      return try Fluxion_V1_EnrollRequest.with {
        $0.protocolVersion = 1
        $0.secret = Data(token.secret)
        $0.signingRequest = Data(
          try SigningRequest.encoded(for: key, name: visitor == .another ? PartyName("b") : nil))
      }.serializedBytes()
    case Self.renew:
      return try Fluxion_V1_RenewRequest.with {
        $0.protocolVersion = 1
        $0.signingRequest = Data(
          try SigningRequest.encoded(for: key, name: visitor == .another ? PartyName("b") : nil))
      }.serializedBytes()
    default: return []
    }
  }
}

extension PartyIdentity {
  /// What a party shows in a handshake.
  var shown: KeyedCertificates { KeyedCertificates(key: key, certificates: [certificate]) }
}

private struct Forgotten: RegistrableRPCService {
  static let method = MethodDescriptor(fullyQualifiedService: "fluxion.v1.Forgotten", method: "Call")

  func registerMethods(with router: inout RPCRouter<some ServerTransport>) {
    router.registerHandler(forMethod: Self.method, deserializer: RawBytes(), serializer: RawBytes()) { _, _ in
      StreamingServerResponse { writer in
        try await writer.write([])
        return [:]
      }
    }
  }
}
