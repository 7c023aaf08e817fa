import FluxionCalculus
@testable import FluxionClient
import FluxionIdentity
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import Testing

@testable import FluxionServer

@Suite("Enrolment over a network", .timeLimit(.minutes(10)))
struct EnrollmentTests {
  private let server: SecureServer

  init() throws { server = try SecureServer() }

  @Test("a token becomes an identity, once", arguments: ["127.0.0.1", "localhost"])
  func enrolls(_ host: String) async throws {
    let token = try server.invite("a")
    try await server.serve { port in
      let enrollment = PartyEnrollment(host: host, port: port)
      let folder = try server.folder("a")
      let identity = try await enrollment.enroll(JoinToken(token.text), in: folder)
      #expect(identity.name.description == "a")
      #expect(try folder.identity()?.expires == identity.expires)
      let other = try server.folder("other")
      await expect(.unauthorized, "used before") { try await enrollment.enroll(token, in: other) }
      #expect(try other.identity() == nil)
    }
  }

  /// The answer is lost after the server has given the certificate away.
  @Test("a client that did not get its answer asks again and gets it")
  func asksAgain() async throws {
    let token = try server.invite("a")
    let folder = try server.folder("a")
    let grant = try server.registrar.enroll(
      secret: token.secret, request: SigningRequest.encoded(for: folder.nextKey()))
    let identity = try await server.serve { port in
      try await PartyEnrollment(host: "127.0.0.1", port: port).enroll(token, in: folder)
    }
    #expect(try identity.encodedCertificate == grant.certificate)
  }

  @Test("a token is not sent to a server of another federation, nor to one under a name that it does not prove")
  func distrusts() async throws {
    let token = try SecureServer().invite("a")
    let own = try server.invite("a")
    let folder = try server.folder("a")
    let security = try ServerSecurity.mutualTLS(server.registrar, names: [ServerName("fed.example.org")])
    try await server.serve { port in
      await expect(.unauthorized, "does not belong to the federation") {
        try await PartyEnrollment(host: "127.0.0.1", port: port).enroll(token, in: folder)
      }
    }
    let again = try SecureServer()
    try await FederationServer(again.transport, security: security).serve { port in
      await expect(.unauthorized, "is not for 127.0.0.1") {
        try await PartyEnrollment(host: "127.0.0.1", port: port).enroll(own, in: folder)
      }
    }
    #expect(try server.registrar.standings().map(\.state) == [.invited])
  }

  @Test("a name that the client expects, and that is not the invited one, is refused")
  func anotherName() async throws {
    let token = try server.invite("a")
    let folder = try server.folder("a")
    try await server.serve { port in
      await expect(.unauthorized, "another name") {
        try await PartyEnrollment(host: "127.0.0.1", port: port).enroll(token, as: PartyName("b"), in: folder)
      }
    }
  }

  @Test("a party renews its certificate with another key, and not after it was revoked")
  func renews() async throws {
    let folder = try server.folder("a")
    let token = try server.invite("a")
    try await server.serve { port in
      let enrollment = PartyEnrollment(host: "127.0.0.1", port: port)
      let first = try await enrollment.enroll(token, in: folder)
      let second = try await enrollment.renew(in: folder)
      #expect(second.name == first.name)
      #expect(try second.encodedKey != first.encodedKey && second.encodedCertificate != first.encodedCertificate)
      #expect(try folder.requiredIdentity().encodedCertificate == second.encodedCertificate)
      try server.revoke("a")
      await expect(.unauthorized, "revoked") { try await enrollment.renew(in: folder) }
    }
  }

  @Test("a client that runs renews a certificate that is in the last third of its time")
  func maintains() async throws {
    let folder = try server.folder("a")
    let key = try folder.nextKey()
    server.advance(-61 * 86400)
    let old = try server.party("a", key: key)
    try folder.keep(old)
    server.advance(61 * 86400)
    try await server.serve { port in
      let maintenance = Task { await ClientSecurity.mutualTLS(folder).maintain("127.0.0.1", port) }
      defer { maintenance.cancel() }
      while try folder.requiredIdentity().encodedCertificate == old.encodedCertificate { await Task.yield() }
      #expect(try folder.requiredIdentity().isDueForRenewal() == false)
    }
  }

  @Test("who has never joined cannot renew, and a server that is not there is said to be so")
  func nothingThere() async throws {
    let folder = try server.folder("a")
    let enrollment = PartyEnrollment(host: "127.0.0.1", port: 9)
    await expect(.notFound, "no identity") { try await enrollment.renew(in: folder) }
    let token = try server.invite("a")
    await expect(.notFound, "127.0.0.1:9 was not reached") { try await enrollment.enroll(token, in: folder) }
  }

  /// What is asked of the server, and a part of the sentence that is the answer.
  struct Request: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: RPCError.Code
    let reason: String
    let change: @Sendable (inout Fluxion_V1_EnrollRequest) -> Void

    static let all = [
      Request(testDescription: "a secret at the limit", code: .permissionDenied, reason: "token") {
        $0.secret = Data(count: WireLimits.secretByteCount)
      },
      Request(testDescription: "a secret one over", code: .invalidArgument, reason: "up to 64 bytes") {
        $0.secret = Data(count: WireLimits.secretByteCount + 1)
      },
      Request(testDescription: "a signing request at the limit", code: .invalidArgument, reason: "PKCS #10") {
        $0.signingRequest = Data(count: SigningRequest.maximumByteCount)
      },
      Request(testDescription: "a signing request one over", code: .invalidArgument, reason: "4096 bytes, not 4097") {
        $0.signingRequest = Data(count: SigningRequest.maximumByteCount + 1)
      },
      Request(testDescription: "an absurd version", code: .unimplemented, reason: "4294967295") {
        $0.protocolVersion = .max
      },
    ]
  }

  @Test("what asks for a certificate is looked at up to its limits, and the next is served", arguments: Request.all)
  func limits(_ asked: Request) async throws {
    let token = try server.invite("a")
    let folder = try server.folder("a")
    let authority = try server.registrar.authority.certificate.derEncoded
    var request = try Fluxion_V1_EnrollRequest.with {
      $0.protocolVersion = WireLimits.protocolVersion
      $0.secret = Data(token.secret)
      $0.signingRequest = Data(try SigningRequest.encoded(for: folder.nextKey()))
    }
    asked.change(&request)
    try await server.serve { [request] port in
      let transport = try HTTP2ClientTransport.Posix(
        target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .customSecure,
        config: .defaults {
          PartyTLS.install(in: &$0) {
            try PartyTLS.handler(chain: [], key: nil, authority: authority, host: "127.0.0.1")
          }
        })
      let error = await #expect(throws: RPCError.self) {
        try await withGRPCClient(transport: transport) { client in
          _ = try await Fluxion_V1_Enrollment.Client(wrapping: client).enroll(request)
        }
      }
      #expect(error?.code == asked.code && error?.message.contains(asked.reason) == true, "\(error as Any)")
      try await PartyEnrollment(host: "127.0.0.1", port: port).enroll(token, in: folder)
    }
  }

  private func expect(_ code: FluxionError.Code, _ words: String, _ body: () async throws -> Any) async {
    await #expect {
      _ = try await body()
    } throws: { error in
      (error as? FluxionError)?.code == code && (error as? FluxionError)?.message.contains(words) == true
    }
  }
}
