import FluxionCalculus
import FluxionIdentity
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOSSL

/// TLS 1.3 under a client's connection; gRPC's own settings begin at 1.2.
enum PartyTLS {
  static func install(
    in configuration: inout HTTP2ClientTransport.Posix.Config,
    _ makeHandler: @escaping @Sendable () throws -> NIOSSLClientHandler
  ) {
    configuration.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(makeHandler(), position: .first)
      }
    }
  }

  /// Of a party that shows its certificate to a server of its federation, and to no other.
  static func handler(_ identity: PartyIdentity, host: String) throws -> NIOSSLClientHandler {
    try handler(
      chain: [identity.encodedCertificate], key: identity.encodedKey, authority: identity.encodedAuthority, host: host)
  }

  /// - Parameters:
  ///   - chain: what to show; empty for nothing.
  ///   - authority: who is trusted.
  static func handler(
    chain: [[UInt8]], key: [UInt8]?, authority: [UInt8], host: String
  ) throws -> NIOSSLClientHandler {
    var configuration = base
    configuration.certificateVerification = .fullVerification
    configuration.trustRoots = .certificates([try certificate(authority)])
    configuration.certificateChain = try chain.map { .certificate(try certificate($0)) }
    configuration.privateKey = try key.map { .privateKey(try NIOSSLPrivateKey(bytes: $0, format: .der)) }
    return try NIOSSLClientHandler(
      context: NIOSSLContext(configuration: configuration), serverHostname: try hostName(host))
  }

  /// Of whoever has a token and no certificate.
  ///
  /// - Parameter refusal: why the server is not trusted, for whoever is told no more than that there is no connection.
  static func handler(
    _ token: JoinToken, host: String, refusal: @escaping @Sendable (FluxionError) -> Void
  ) throws -> NIOSSLClientHandler {
    let name = try ServerName(host)
    var configuration = base
    // Nobody is trusted but by the check below.
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates([])
    return try NIOSSLClientHandler(
      context: NIOSSLContext(configuration: configuration), serverHostname: try hostName(host),
      customVerificationCallback: { certificates, promise in
        promise.completeWithTask {
          do {
            try await ServerTrust.check(
              certificates.map { try $0.toDERBytes() }, of: token.authority, reachedBy: name)
            return .certificateVerified
          } catch {
            refusal(error as? FluxionError ?? FluxionError(.unauthorized, "the server's certificate cannot be read"))
            return .failed
          }
        }
      })
  }

  private static var base: TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.applicationProtocols = ["h2"]
    return configuration
  }

  private static func certificate(_ encoded: [UInt8]) throws -> NIOSSLCertificate {
    try NIOSSLCertificate(bytes: encoded, format: .der)
  }

  /// nil for an address, which the handler then takes from the connection.
  private static func hostName(_ host: String) throws -> String? {
    if case .dns(let name) = try ServerName(host) { return name }
    return nil
  }
}
