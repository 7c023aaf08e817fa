public import FluxionFederation

/// What one client has to say at the end of its work in a round.
public struct ClientReport: Codable, Hashable, Sendable {
  public enum Outcome: Codable, Hashable, Sendable {
    /// It has an update.
    case trained(ClientMetrics)
    /// It has none.
    case failed(ClientFailure)
  }

  public var round: Int
  public var client: Int
  public var outcome: Outcome

  public init(round: Int, client: Int, outcome: Outcome) {
    self.round = round
    self.client = client
    self.outcome = outcome
  }
}

/// Why a client has no update, or why its update was not taken.
public struct ClientFailure: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable {
    /// Its training left the finite numbers.
    case diverged
    /// What it sent cannot be what it was asked for.
    case malformed
    /// It could not be reached, or gave up.
    case unavailable
  }

  public var kind: Kind
  /// One sentence.
  public var reason: String

  public init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }
}

/// What the round makes of a report.
public enum Verdict: Codable, Hashable, Sendable {
  /// The update counts; it is to be folded in and answered once that is on record.
  case accepted
  /// The client said before that it has no update, or its update was refused; the round no longer waits for it.
  case noted
  /// The client's update was accepted before and counts once: the same answer again.
  case duplicate
  /// The round is over.
  case late
  /// The client is not in the round's cohort.
  case notSelected
  /// The update is refused; the round no longer waits for the client.
  case refused(ClientFailure)
}
