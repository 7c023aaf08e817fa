import FluxionIdentity
import Foundation
import NIOCore
import NIOSSL
import Synchronization

/// Puts mutual TLS under each connection of a server.
///
/// gRPC's own settings do for neither end of it: they begin at TLS 1.2, and either demand a certificate of everybody,
/// also of those that come to get one, or of nobody. Here it is TLS 1.3 and nothing else, trust in the federation's
/// authority and in nobody else, and a certificate is not demanded, but checked if there is one.
final class ServerTLS: Sendable {
  private let registrar: Registrar
  private let names: [ServerName]
  private let state: Mutex<(context: NIOSSLContext, checked: NIODeadline)>

  /// Connections from so long after on may get another certificate, if it was time to renew it.
  private static let interval = TimeAmount.hours(1)

  init(_ registrar: Registrar, names: [ServerName]) throws {
    self.registrar = registrar
    self.names = names
    state = Mutex((try Self.context(registrar, names), .now()))
  }

  func secure(_ channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let handler = NIOSSLServerHandler(context: try current())
      try channel.pipeline.syncOperations.addHandler(handler, position: .first)
    }
  }

  private func current() throws -> NIOSSLContext {
    try state.withLock { state in
      let now = NIODeadline.now()
      if now - state.checked >= Self.interval { state = (try Self.context(registrar, names), now) }
      return state.context
    }
  }

  private static func context(_ registrar: Registrar, _ names: [ServerName]) throws -> NIOSSLContext {
    let held = try registrar.serverCertificate(for: names)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try held.encodedCertificates.map {
        .certificate(try NIOSSLCertificate(bytes: $0, format: .der))
      },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: held.encodedKey, format: .der)))
    configuration.minimumTLSVersion = .tlsv13
    configuration.certificateVerification = .optionalVerification
    configuration.trustRoots = .certificates([
      try NIOSSLCertificate(bytes: registrar.authority.certificate.derEncoded, format: .der)
    ])
    configuration.applicationProtocols = ["h2"]
    return try NIOSSLContext(configuration: configuration)
  }
}
