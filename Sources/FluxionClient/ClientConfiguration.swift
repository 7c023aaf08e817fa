public import FluxionCalculus

extension FederatedClient {
  /// Who a client is, and where its federation.
  public struct Configuration: Sendable {
    /// By which the server knows the party.
    public var name: String
    public var host: String
    public var port: Int
    public var security: ClientSecurity
    /// The place among the parties to ask for, from 0; nil for any. Random draws go by places.
    public var place: Int?
    public var backoff = Backoff()
    /// What the jitter of the back-off is drawn from; give each client another.
    public var key = RandomKey(seed: 0)
    /// The client gives up after so many attempts in a row that reached no server; nil to go on for ever.
    public var maximumAttempts: Int?
    /// The network and power without which the client does nothing; the app says how they are.
    public var requirements = Requirements()
    /// The most memory that a program from the server may need, in bytes.
    public var maximumProgramMemory = 4 << 30

    /// - Parameter host: without encryption `127.0.0.1` or `::1`.
    public init(
      name: String, host: String = "127.0.0.1", port: Int, security: ClientSecurity = .plaintextOnLoopback
    ) {
      self.name = name
      self.host = host
      self.port = port
      self.security = security
    }
  }
}

/// What a client is doing.
public enum ClientProgress: Hashable, Sendable {
  /// What the server made of the client's work.
  public enum Answer: Hashable, Sendable {
    /// The update counts.
    case accepted
    /// The server knows that there is no update.
    case noted
    /// The round was over.
    case late
    /// The update does not count.
    case refused(reason: String)
  }

  /// The server has taken the client in.
  case joined(run: String, client: Int)
  case training(round: Int)
  case trained(round: Int, loss: Double)
  /// There is no update: training diverged, or the task is none that this client can do.
  case failed(round: Int, reason: String)
  case answered(round: Int, Answer)
  /// The connection is lost or there is none, and will be tried again.
  case disconnected(reason: String, retryAfter: Duration)
  /// The client may not work, for this reason at first, and has left the server; ``FederatedClient/state`` has the reason
  /// by now.
  case paused(FederatedClient.PauseReason)
  /// It may again, and looks for the server.
  case resumed
  /// The run is over.
  case finished(reason: String)
}
