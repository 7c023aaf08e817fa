public import FluxionLearning

/// One accepted fact of a run.
public enum JournalEntry: Codable, Equatable, Sendable {
  case runStarted(algorithm: String, clients: Int, parameterCount: Int)
  case runResumed(afterRound: Int)
  /// The cohort is a function of the run's seed and the round.
  case roundStarted(round: Int, cohort: Int)
  case updatesAccepted([ClientReport])
  case updateRefused(round: Int, client: Int, ClientFailure)
  /// What was accepted in this round does not count.
  case roundDiscarded(round: Int)
  case roundRecorded(RoundRecord)
  case runFinished(StopReason)
}

/// Where a run can go on: everything that a round leaves to the next.
public struct Checkpoint<State: Codable & Sendable>: Codable, Sendable {
  public var progress: RoundStateMachine.Progress
  public var parameters: Parameters
  /// The algorithm's.
  public var state: State

  public init(progress: RoundStateMachine.Progress, parameters: Parameters, state: State) {
    self.progress = progress
    self.parameters = parameters
    self.state = state
  }
}
