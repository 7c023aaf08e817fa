public import FluxionFederation
public import FluxionLearning

/// Where a run can go on: everything that a round leaves to the next.
public struct Checkpoint<State: Codable & Sendable>: Codable, Sendable {
  public var progress: RoundStateMachine.Progress
  public var parameters: Parameters
  /// The algorithm's.
  public var state: State
  /// What clients remember that live in the coordinator's process, see ``Transport/memories()``.
  public var memories: [Int: TuningMemory]

  public init(
    progress: RoundStateMachine.Progress, parameters: Parameters, state: State, memories: [Int: TuningMemory] = [:]
  ) {
    self.progress = progress
    self.parameters = parameters
    self.state = state
    self.memories = memories
  }
}
