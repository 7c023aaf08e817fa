import FluxionCalculus
import Hummingbird
import HummingbirdCore
import NIOCore

/// Serves the page of a run, and what is behind it, over HTTP.
///
/// ```swift
/// let dashboard = try Dashboard(board, Dashboard.Configuration(token: Dashboard.makeToken()))
/// try await dashboard.run { port in print("http://127.0.0.1:\(port)/#token=\(dashboard.configuration.token)") }
/// ```
///
/// What is served, and to whom, is in `docs/dashboard.md`. Nothing that is served changes the run.
public struct Dashboard: Sendable {
  public let board: StatusBoard
  public let configuration: Configuration
  private let responder: Responder

  /// - Throws: ``FluxionError`` for settings that cannot hold.
  public init(_ board: StatusBoard, _ configuration: Configuration) throws {
    try configuration.validate()
    self.board = board
    self.configuration = configuration
    responder = Responder(
      board, access: try Access(token: configuration.token), maximumStreams: configuration.maximumStreams,
      isBehindTLS: configuration.isBehindTLS)
  }

  /// Serves while `body` runs, which is told the port.
  ///
  /// - Throws: as ``run(onListening:)``, and what `body` throws.
  public func serve<Result: Sendable>(_ body: (_ port: Int) async throws -> Result) async throws -> Result {
    let (ports, listening) = AsyncThrowingStream<Int, any Error>.makeStream()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          try await run { listening.yield($0) }
          listening.finish()
        } catch { listening.finish(throwing: error) }
      }
      defer { group.cancelAll() }
      for try await port in ports { return try await body(port) }
      throw CancellationError()
    }
  }

  /// Serves until its task is cancelled; then ends every stream and returns.
  ///
  /// - Parameter onListening: called with the port once the server answers.
  /// - Throws: ``FluxionError/Code/invalidArgument`` if the address cannot be listened on.
  public func run(onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }) async throws {
    let configuration = configuration
    let limits = ConnectionGuard.Limits(
      request: TimeAmount(configuration.requestTimeout), reading: TimeAmount(configuration.readingTimeout))
    let application = Application(
      responder: CallbackResponder<BasicRequestContext> { request, _ in await responder.respond(to: request) },
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [ConnectionGuard(limits)],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: MaximumAvailableConnections(
          configuration.maximumConnections, logger: configuration.logger)),
      onServerRunning: { await onListening($0.localAddress?.port ?? configuration.port) },
      logger: configuration.logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do { try await application.run() } catch is CancellationError {} catch {
          throw FluxionError(
            .invalidArgument,
            "the page cannot be served on port \(configuration.port) of \(configuration.host); another server may "
              + "have it", cause: error)
        }
      }
      group.addTask { [board] in
        while !Task.isCancelled {
          try? await Task.sleep(for: configuration.heartbeat)
          board.beat()
        }
      }
      defer { group.cancelAll() }
      // The server ends; the heart does not.
      try await group.next()
    }
  }
}
