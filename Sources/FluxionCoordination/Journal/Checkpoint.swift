public import FluxionLearning

/// Where a run can go on: everything that a round leaves to the next.
public struct Checkpoint<State: Codable & Sendable>: Codable, Sendable {
  public var progress: RoundStateMachine.Progress
  public var parameters: Parameters
  /// The algorithm's.
  public var state: State
  /// The transport's, see ``Transport/memory()``.
  public var memory: WorldMemory
  /// What the rounds began with in which clients are still at work, where those clients begin again with this process.
  public var origins: [Int: Origin]

  /// What a round began with.
  public struct Origin: Codable, Sendable {
    public var parameters: Parameters
    public var state: State
  }

  public init(
    progress: RoundStateMachine.Progress, parameters: Parameters, state: State, memory: WorldMemory = WorldMemory(),
    origins: [Int: Origin] = [:]
  ) {
    self.progress = progress
    self.parameters = parameters
    self.state = state
    self.memory = memory
    self.origins = origins
  }
}
