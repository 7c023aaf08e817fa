import FluxionWire
import GRPCNIOTransportCore
package import GRPCNIOTransportHTTP2Posix

/// How a client's connections are protected, and how it makes sure of the server.
///
/// ``plaintextOnLoopback`` protects nothing and stays on this machine. Mutual TLS is made by whoever holds the party's
/// certificate, of the same parts.
public struct ClientSecurity: Sendable {
  /// Asked before each connection, since certificates are renewed.
  ///
  /// An error of code ``FluxionError/Code/unsupported`` or ``FluxionError/Code/unauthorized`` ends the client; after any
  /// other it tries again.
  package var transport: @Sendable () throws -> HTTP2ClientTransport.Posix.TransportSecurity
  /// Whether servers on other machines may be joined.
  package var joinsBeyondLoopback: Bool
  /// Settings of connections, such as what the server at this host has to prove, beside those of every client.
  package var configure: @Sendable (inout HTTP2ClientTransport.Posix.Config, _ host: String) -> Void
  /// What to do beside a client that runs, such as renewing its certificate; it is cancelled with the client.
  package var maintain: @Sendable (_ host: String, _ port: Int) async -> Void

  package init(
    joinsBeyondLoopback: Bool,
    configure: @escaping @Sendable (inout HTTP2ClientTransport.Posix.Config, _ host: String) -> Void = { _, _ in },
    maintain: @escaping @Sendable (_ host: String, _ port: Int) async -> Void = { _, _ in },
    transport: @escaping @Sendable () throws -> HTTP2ClientTransport.Posix.TransportSecurity
  ) {
    self.joinsBeyondLoopback = joinsBeyondLoopback
    self.configure = configure
    self.maintain = maintain
    self.transport = transport
  }

  /// Neither encryption nor proof of who the server is.
  public static let plaintextOnLoopback = ClientSecurity(joinsBeyondLoopback: false) { .plaintext }
}

extension ClientSecurity {
  /// All settings of a client's connections to a host.
  package func settings(host: String) -> HTTP2ClientTransport.Posix.Config {
    .defaults { settings in
      settings.connection.keepalive = .init(time: .seconds(30), timeout: .seconds(20), allowWithoutCalls: false)
      settings.connection.flushCoalescing = nil
      settings.http2.maxFrameSize = WireLimits.frameByteCount
      configure(&settings, host)
      let prepare = settings.channelDebuggingCallbacks.onCreateTCPConnection
      settings.channelDebuggingCallbacks.onCreateTCPConnection = { CompactReads.add(to: $0, before: prepare) }
    }
  }
}
