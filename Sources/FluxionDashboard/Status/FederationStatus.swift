public import FluxionFederation
public import Foundation

/// How a run stands: what its page shows and `/api/status` answers.
///
/// The value follows from the run's ``FluxionCoordination/JournalEntry`` facts and from the transport's events alone. All
/// its numbers are finite; what has no value is nil.
///
/// ```swift
/// let status = try FederationStatus.decoder.decode(FederationStatus.self, from: bytes)
/// print(status.state.phase, status.rounds.last?.accuracy as Any)
/// ```
public struct FederationStatus: Codable, Sendable, Equatable {
  public var run: Run
  public var state: State
  /// Ascending. Of more than ``maximumRounds`` every other of the older half is left out.
  public var rounds: [Round] = []
  /// Over all rounds, also those that ``rounds`` leaves out.
  public var totals = Totals()
  /// By index.
  public var parties: [Party]
  /// Who did what in the latest rounds, ascending; empty where there are more than ``maximumDrawnParties``.
  public var turns: [Turns] = []
  /// The latest refusals, ascending by time, at most ``maximumRefusals``.
  public var refusals: [Refusal] = []
  /// How parties agree and how curved the loss is; nil before the first round that is analysed.
  public var analysis: Analysis?
  /// The latest global model that can be had; nil before there is one.
  public var model: Model?

  public static let maximumRounds = 4096
  public static let maximumTurns = 48
  public static let maximumDrawnParties = 64
  public static let maximumRefusals = 50
  /// More than so many parties that are awaited are counted rather than listed.
  public static let maximumAwaited = 20

  /// What does not change in a run.
  public struct Run: Codable, Sendable, Equatable {
    public var name: String
    /// nil before the run has begun.
    public var algorithm: String?
    /// How many are planned.
    public var rounds: Int
    /// Of the model; 0 before the run has begun.
    public var parameters: Int

    public init(name: String, algorithm: String? = nil, rounds: Int, parameters: Int = 0) {
      self.name = name
      self.algorithm = algorithm
      self.rounds = rounds
      self.parameters = parameters
    }
  }

  public enum Phase: String, Codable, Sendable, CaseIterable {
    /// No round has begun: parties are awaited.
    case waiting
    /// A round's updates are awaited.
    case training
    /// Every update of a round is in: it is brought together and evaluated, or the next begins.
    case settling
    /// The run is over by its own rules.
    case finished
    /// The run was stopped, or could not go on.
    case stopped
  }

  public struct State: Codable, Sendable, Equatable {
    public var phase = Phase.waiting
    /// In progress or, else, the last; 0 before the first.
    public var round = 0
    public var since: Date
    /// Parties that a round has selected.
    public var cohort = 0
    /// Updates of the round that count.
    public var accepted = 0
    /// Who is awaited, ascending: to join in ``Phase/waiting``, to report in ``Phase/training``; the first
    /// ``maximumAwaited``.
    public var awaited: [Int] = []
    /// How many are awaited in all.
    public var awaitedCount = 0
    /// When the round ends without those who are awaited; nil for never.
    public var deadline: Date?
    /// A sentence: why the run is over, or what else is to be known.
    public var note: String?

    public var isOver: Bool { phase == .finished || phase == .stopped }
  }

  public struct Round: Codable, Sendable, Equatable {
    public var round: Int
    /// Of the global model on the test set; nil without evaluation.
    public var accuracy: Double?
    public var loss: Double?
    /// The mean loss of the batches that parties trained on.
    public var trainLoss: Double?
    /// Wall-clock, of the parties' work and the aggregation.
    public var seconds: Double
    public var bytesUp: Int
    public var bytesDown: Int
    /// Updates that count, that were refused, and that did not come.
    public var accepted: Int
    public var refused: Int
    public var missed: Int
    public var finished: Date
    public var notes: [String]?
  }

  public struct Totals: Codable, Sendable, Equatable {
    public var rounds = 0
    public var seconds = 0.0
    public var bytesUp = 0
    public var bytesDown = 0
  }

  public struct Party: Codable, Sendable, Equatable {
    public var party: Int
    public var name: String
    /// nil before the party has told.
    public var samples: Int?
    public var isConnected = false
    /// Whether the round in progress waits for it. Streams tell of this by the state, not party by party.
    public var isAwaited = false
    /// When something last came from it.
    public var lastSeen: Date?
    /// The last recorded round that its update counts in.
    public var lastRound: Int?
    /// Recorded rounds that its update counts in.
    public var rounds = 0
    /// To the server, and from it.
    public var bytesUp = 0
    public var bytesDown = 0
    /// How many reports were refused, by the kind of failure.
    public var refusals: [String: Int] = [:]
    /// Why the last was.
    public var lastRefusal: Refusal?
    /// Why nothing is taken from it; nil if it is trusted.
    public var quarantine: String?

    public var refusalCount: Int { refusals.values.reduce(0, +) }
  }

  /// An update that was not taken.
  public struct Refusal: Codable, Sendable, Equatable {
    public var date: Date
    public var round: Int
    public var party: Int
    public var kind: String
    public var reason: String

    package init(date: Date, round: Int, party: Int, kind: String, reason: String) {
      (self.date, self.round, self.party, self.kind, self.reason) = (date, round, party, kind, reason)
    }
  }

  /// What became of the parties in one round.
  public struct Turns: Codable, Sendable, Equatable {
    public enum Outcome: String, Codable, Sendable, CaseIterable {
      case accepted
      case refused
      /// Selected, and not heard of in time.
      case missed
    }

    public var round: Int
    /// By party; nil for those that were not selected.
    public var outcomes: [Outcome?]
  }

  public struct Analysis: Codable, Sendable, Equatable {
    public var round: Int
    public var figures: RoundAnalysis
  }

  public struct Model: Codable, Sendable, Equatable {
    /// After which it was.
    public var round: Int
    public var parameters: Int
  }
}

extension FederationStatus {
  /// Before anything has happened.
  ///
  /// - Parameter parties: the parties' names, by index.
  public init(run: Run, parties: [String], at date: Date) {
    self.run = run
    self.parties = parties.enumerated().map { Party(party: $0.offset, name: $0.element) }
    state = State(since: date)
    state.awaited = Array(parties.indices.prefix(Self.maximumAwaited))
    state.awaitedCount = parties.count
  }

  /// Dates as RFC 3339, members by name: the same status gives the same bytes.
  public static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  public static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    return decoder
  }
}
