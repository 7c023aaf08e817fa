import FluxionCalculus
import FluxionData
import FluxionIdentity
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import FluxionClient
@testable import FluxionServer

@Suite("Limits of connections", .timeLimit(.minutes(10)))
struct ConnectionLimitTests {
  private let server: SecureServer

  init() throws { server = try SecureServer() }

  private func serve<Result: Sendable>(
    _ change: (inout ConnectionLimits) -> Void, _ body: (_ port: Int) async throws -> Result
  ) async throws -> Result {
    var federation = try FederationServer(server.transport, security: server.security())
    change(&federation.limits)
    return try await federation.serve(body)
  }

  private func isWelcome(_ party: PartyIdentity, _ port: Int) async throws -> Bool {
    let data = try Dataset.digits().all
    do {
      return try await Talk.open(port, as: party) { (talk: inout Talk) async throws in
        talk.greet(party.name.description, data)
        if case .joined = try await talk.next() { return true }
        return false
      }
    } catch let error as RPCError where error.code == .unavailable { return false }
  }

  private func connect(_ port: Int, saying bytes: [UInt8] = []) async throws -> any Channel {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port).get()
    // The server may have closed it by now.
    if !bytes.isEmpty { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
    return channel
  }

  @Test(
    "a connection that does not come to a call is closed, whatever it was doing",
    arguments: [[], [0x16], [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], Array("PRI * HTTP/2.0\r\n".utf8)])
  func halfOpen(_ bytes: [UInt8]) async throws {
    try await serve {
      $0.timeWithoutCall = .milliseconds(50)
    } _: { port in
      try await connect(port, saying: bytes).closeFuture.get()
    }
  }

  @Test("who has no certificate is not kept by a call that does not end")
  func endlessCall() async throws {
    let authority = try server.registrar.authority.certificate.derEncoded
    try await serve {
      // Time enough to come to the call on a machine that does much else.
      $0.timeWithoutCall = .seconds(5)
    } _: { port in
      let transport = try HTTP2ClientTransport.Posix(
        target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .customSecure,
        config: .defaults {
          PartyTLS.install(in: &$0) {
            try PartyTLS.handler(chain: [], key: nil, authority: authority, host: "127.0.0.1")
          }
        })
      let (never, end) = AsyncStream<Void>.makeStream()
      let code = try await withGRPCClient(transport: transport) { client in
        try await client.bidirectionalStreaming(
          request: StreamingClientRequest { (_: RPCWriter<[UInt8]>) in for await _ in never {} },
          descriptor: Fluxion_V1_Enrollment.Method.Enroll.descriptor, serializer: RawBytes(), deserializer: RawBytes(),
          options: .defaults
        ) { response in
          defer { end.finish() }
          do {
            for try await _ in response.messages {}
            return RPCError.Code?.none
          } catch { return (error as? RPCError)?.code }
        }
      }
      #expect(code == .unavailable || code == .internalError)
    }
  }

  @Test("connections beyond the limit are closed as they come, and there is room again when others have gone")
  func tooMany() async throws {
    try await serve {
      $0.connections = 2
    } _: { port in
      let held = [try await connect(port), try await connect(port)]
      try await connect(port).closeFuture.get()
      for channel in held { try await channel.close() }
      let party = try server.party("a")
      // The server learns of the end of a connection a little later.
      while try await !isWelcome(party, port) { await Task.yield() }
    }
  }

  @Test("nobody is spoken to in plaintext, or below TLS 1.3", arguments: [false, true])
  func weak(_ encrypts: Bool) async throws {
    try await serve { _ in
    } _: { port in
      let transport = try HTTP2ClientTransport.Posix(
        target: .ipv4(address: "127.0.0.1", port: port),
        transportSecurity: encrypts ? .customSecure : .plaintext,
        config: .defaults { settings in
          guard encrypts else { return }
          PartyTLS.install(in: &settings) {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.maximumTLSVersion = .tlsv12
            configuration.certificateVerification = .none
            configuration.applicationProtocols = ["h2"]
            return try NIOSSLClientHandler(
              context: NIOSSLContext(configuration: configuration), serverHostname: nil)
          }
        })
      await #expect { try await Talk.open(transport) { try await $0.wait() } } throws: {
        ($0 as? RPCError)?.code == .unavailable
      }
    }
  }
}
