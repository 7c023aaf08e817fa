import FluxionCalculus
public import Logging

extension Dashboard {
  public struct Configuration: Sendable {
    /// An address of this machine.
    public var host = "127.0.0.1"
    /// 0 for any that is free.
    public var port = 0
    /// Whoever has it may read; see ``Dashboard/makeToken()``.
    public var token: String
    /// What is served is not encrypted, the token neither: beyond this machine only where something else protects it, such
    /// as a private network or a proxy that speaks TLS.
    public var listensBeyondLoopback = false
    /// Whether readers come by HTTPS, through a proxy: browsers then send the cookie that way alone.
    public var isBehindTLS = false
    /// Connections at once; more wait to be accepted.
    public var maximumConnections = 256
    /// Streams of events at once; more are told to come later.
    public var maximumStreams = 64
    /// A request has so long to arrive, and a connection so long to make one.
    public var requestTimeout = Duration.seconds(10)
    /// A reader has so long to take what was written to it.
    public var readingTimeout = Duration.seconds(30)
    /// How often streams are told that the server is there.
    public var heartbeat = Duration.seconds(15)
    /// Where the server's log goes; by default nowhere.
    public var logger = Logger(label: "fluxion.dashboard") { _ in SwiftLogNoOpLogHandler() }

    public init(token: String) { self.token = token }

    func validate() throws {
      guard listensBeyondLoopback || ["127.0.0.1", "::1", "localhost"].contains(host) else {
        throw FluxionError(
          .unsupported,
          "the page is not encrypted and is served on 127.0.0.1 or ::1 unless that is allowed; it was given \(host)")
      }
      guard (0...65_535).contains(port), maximumConnections >= 1, maximumStreams >= 1, requestTimeout > .zero,
        readingTimeout > .zero, heartbeat > .zero
      else {
        throw FluxionError(
          .invalidArgument,
          "the page needs a port from 0 to 65535, at least 1 connection and 1 stream, and times above 0")
      }
    }
  }

  /// A token that nobody guesses: 128 bits from the system's generator, as 32 hexadecimal digits.
  public static func makeToken() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in String(Int.random(in: 0..<16, using: &generator), radix: 16) }.joined()
  }
}
