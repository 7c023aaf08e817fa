import FluxionCalculus
import FluxionWire
import GRPCCore
import GRPCNIOTransportCore
import GRPCNIOTransportHTTP2Posix
import NIOPosix

/// Listens for the clients of a federation.
public struct FederationServer: Sendable {
  private let transport: GRPCTransport
  private let security: ServerSecurity
  var limits = ConnectionLimits()

  public init(_ transport: GRPCTransport, security: ServerSecurity = .plaintextOnLoopback) {
    self.transport = transport
    self.security = security
  }

  /// Serves clients while `body` runs, which is told the port; then says goodbye to them, or, if `body` throws, ends their
  /// streams so that they come back.
  ///
  /// - Parameters:
  ///   - host: an address of this machine; without encryption `127.0.0.1` or `::1`.
  ///   - port: 0 for any that is free.
  /// - Throws: ``FluxionError/Code/unsupported`` for an address that other machines reach without encryption,
  ///   ``FluxionError/Code/invalidArgument`` if the address cannot be listened on; what `body` throws.
  public func serve<Result: Sendable>(
    host: String = "127.0.0.1", port: Int = 0, _ body: (_ port: Int) async throws -> Result
  ) async throws -> Result {
    guard security.listensBeyondLoopback || ["127.0.0.1", "::1"].contains(host) else {
      throw FluxionError(
        .unsupported, "without encryption a server listens on 127.0.0.1 or ::1 only; it was given \(host)")
    }
    let server = GRPCServer(
      transport: HTTP2ServerTransport.Posix(
        address: host.contains(":") ? .ipv6(host: host, port: port) : .ipv4(host: host, port: port),
        transportSecurity: security.transport, config: configuration,
        eventLoopGroup: .singletonMultiThreadedEventLoopGroup),
      services: services,
      interceptors: [AuthorizationInterceptor(authorizer: security.authorizer)])
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      let bound: Int
      do {
        let address = try await server.transport.listeningAddress
        bound = address.ipv4?.port ?? address.ipv6?.port ?? port
      } catch {
        group.cancelAll()
        throw FluxionError(
          .invalidArgument, "port \(port) of \(host) cannot be listened on; another server may have it", cause: error)
      }
      do {
        let result = try await body(bound)
        transport.finish("the run is over")
        server.beginGracefulShutdown()
        try await group.waitForAll()
        return result
      } catch {
        transport.suspend("the server stops")
        group.cancelAll()
        throw error
      }
    }
  }

  /// All that is served.
  var services: [any RegistrableRPCService] { [FederationService(transport: transport)] + security.services }

  /// Where the transport's own defaults would let a client take what it likes.
  private var configuration: HTTP2ServerTransport.Posix.Config {
    .defaults { configuration in
      // One stream is what a client needs; by default there is no limit.
      configuration.http2.maxConcurrentStreams = 4
      configuration.http2.targetWindowSize = 1 << 20
      configuration.http2.maxFrameSize = WireLimits.frameByteCount
      configuration.rpc.maxRequestPayloadSize = WireLimits.messageByteCount
      // A connection without a stream, such as one that never says anything, is closed.
      configuration.connection.maxIdleTime = transport.configuration.greetingTimeout
      configuration.connection.maxGraceTime = .seconds(5)
      // What belongs together is written at once; to wait for more would only take time.
      configuration.connection.flushCoalescing = nil
      configuration.connection.keepalive = .init(
        time: .seconds(30), timeout: .seconds(20),
        clientBehavior: .init(minPingIntervalWithoutCalls: .seconds(10), allowWithoutCalls: false))
      security.configure(&configuration)
      limits.apply(to: &configuration)
    }
  }
}
