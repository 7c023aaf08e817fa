/// One accepted fact of a run.
public enum JournalEntry: Codable, Equatable, Sendable {
  case runStarted(algorithm: String, clients: Int, parameterCount: Int)
  case runResumed(afterRound: Int)
  /// The checkpoints of later rounds are damaged, and so these rounds are run again.
  case wentBack(toRound: Int, reason: String)
  /// The cohort is a function of the run's seed and the round.
  case roundStarted(round: Int, cohort: Int)
  /// Counts once the round is recorded.
  case updatesAccepted([ClientReport])
  case updateRefused(round: Int, client: Int, ClientFailure)
  /// The run was stopped in this round: what was accepted does not count, and the round is begun again.
  case roundDiscarded(round: Int)
  /// Too few updates came in this round: what was accepted does not count, and the next round is begun.
  case roundMissed(round: Int)
  case roundRecorded(RoundRecord)
  case runFinished(StopReason)

  /// The name of the case.
  public var kind: String {
    switch self {
    case .runStarted: "runStarted"
    case .runResumed: "runResumed"
    case .wentBack: "wentBack"
    case .roundStarted: "roundStarted"
    case .updatesAccepted: "updatesAccepted"
    case .updateRefused: "updateRefused"
    case .roundDiscarded: "roundDiscarded"
    case .roundMissed: "roundMissed"
    case .roundRecorded: "roundRecorded"
    case .runFinished: "runFinished"
    }
  }

  /// Whether the entry says nothing that counts before its round is recorded.
  public var isProvisional: Bool {
    switch self {
    case .roundStarted, .updatesAccepted: true
    default: false
    }
  }

  /// The round that it is about; nil for facts of the whole run.
  public var round: Int? {
    switch self {
    case .runStarted, .runFinished: nil
    case .runResumed(let round), .wentBack(let round, _), .roundStarted(let round, _), .updateRefused(let round, _, _),
      .roundDiscarded(let round), .roundMissed(let round):
      round
    case .updatesAccepted(let reports): reports.first?.round
    case .roundRecorded(let record): record.round
    }
  }
}
