public import FluxionFederation

/// How a simulation runs, beside what is learnt and by which algorithm.
public struct SimulationConfiguration: Sendable {
  /// Every random draw of the run is a function of it.
  public var seed: UInt64
  /// Threads that train clients; nil for one a core. The result has the same bits for any number.
  public var threads: Int?
  /// How many of the parties a round selects.
  public var cohort: CohortSize
  /// The global model is evaluated on the test set every this many rounds, and after the last; 0 for never.
  public var evaluateEvery: Int
  /// The run ends after the first evaluated round whose test accuracy reaches this.
  public var targetAccuracy: Double?
  /// How many evaluations in a row without a better test loss are borne; the next one ends the run.
  public var patience: Int?
  /// Whether records name what each party did.
  public var recordsParties: Bool

  public init(
    seed: UInt64 = 0, threads: Int? = nil, cohort: CohortSize = .all, evaluateEvery: Int = 1,
    targetAccuracy: Double? = nil, patience: Int? = nil, recordsParties: Bool = true
  ) {
    self.seed = seed
    self.threads = threads
    self.cohort = cohort
    self.evaluateEvery = evaluateEvery
    self.targetAccuracy = targetAccuracy
    self.patience = patience
    self.recordsParties = recordsParties
  }
}
