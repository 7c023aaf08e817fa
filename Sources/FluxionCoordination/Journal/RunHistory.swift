/// What a journal says of its run: the rounds that count, and how the run stands.
///
/// ```swift
/// let history = RunHistory(entries)
/// history.rounds.last?.testAccuracy
/// ```
public struct RunHistory: Equatable, Sendable {
  public private(set) var hasBegun = false
  /// The recorded rounds in their order, each once.
  public private(set) var rounds: [RoundRecord] = []
  /// The last round that was recorded or that too few updates came in; 0 before the first.
  public private(set) var lastRound = 0
  /// How many rounds in a row too few updates came in.
  public private(set) var missedRounds = 0
  /// How the run ended last; nil while it goes on.
  public private(set) var stopReason: StopReason?
  /// Whose updates count in the last recorded round; a client that did not hear so may ask again.
  public private(set) var counted: Set<Int> = []
  /// Of the round that is not recorded yet.
  private var accepted: Set<Int> = []

  public init(_ entries: some Sequence<JournalEntry> = []) {
    for entry in entries { add(entry) }
  }

  /// Takes in the next entry.
  public mutating func add(_ entry: JournalEntry) {
    switch entry {
    case .runStarted:
      self = RunHistory()
      hasBegun = true
    case .runResumed: stopReason = nil
    case .wentBack(let round, _):
      rounds.removeAll { $0.round > round }
      (lastRound, missedRounds, stopReason) = (round, 0, nil)
      counted = []
    case .roundRecorded(let record):
      rounds.append(record)
      (lastRound, missedRounds) = (record.round, 0)
      (counted, accepted) = (accepted, [])
    case .roundMissed(let round):
      (lastRound, missedRounds) = (round, missedRounds + 1)
      (counted, accepted) = ([], [])
    case .runFinished(let reason):
      stopReason = reason
      // Whoever resumes such a run wants to try again.
      if case .quorumMissed = reason { missedRounds = 0 }
    case .roundStarted, .roundDiscarded: accepted = []
    case .updatesAccepted(let reports): accepted.formUnion(reports.map(\.client))
    case .updateRefused: break
    }
  }
}
