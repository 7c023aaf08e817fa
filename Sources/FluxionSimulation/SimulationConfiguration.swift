public import FluxionCoordination
public import FluxionFederation

/// How a simulation runs, beside what is learnt and by which algorithm.
public struct SimulationConfiguration: Sendable {
  /// Every random draw of the run is a function of it.
  public var seed: UInt64
  /// Threads that train clients; nil for one a core. The result has the same bits for any number.
  public var threads: Int?
  /// How many of the parties a round selects.
  public var cohort: CohortSize
  /// Time as the parties' devices need it, and what is done about those that take long; nil where nobody is waited for.
  public var virtualTime: VirtualTime?
  /// The global model is evaluated on the test set every this many rounds, and after the last; 0 for never.
  public var evaluateEvery: Int
  /// The run ends after the first evaluated round whose test accuracy reaches this.
  public var targetAccuracy: Double?
  /// How many evaluations in a row without a better test loss are borne; the next one ends the run.
  public var patience: Int?
  /// Whether records name what each party did.
  public var recordsParties: Bool
  /// Which rounds are analysed, and how thoroughly; nil for none. Never changes the result.
  public var analysis: GradientAnalysis?
  /// Called while the clients of a round train, from one of their threads and not more often than every
  /// ``progressInterval``.
  public var onProgress: (@Sendable (RoundProgress) -> Void)?
  /// The least time between two calls of ``onProgress``.
  public var progressInterval: Duration = .milliseconds(100)

  public init(
    seed: UInt64 = 0, threads: Int? = nil, cohort: CohortSize = .all, virtualTime: VirtualTime? = nil,
    evaluateEvery: Int = 1,
    targetAccuracy: Double? = nil, patience: Int? = nil, recordsParties: Bool = true,
    analysis: GradientAnalysis? = nil, onProgress: (@Sendable (RoundProgress) -> Void)? = nil
  ) {
    self.seed = seed
    self.threads = threads
    self.cohort = cohort
    self.virtualTime = virtualTime
    self.evaluateEvery = evaluateEvery
    self.targetAccuracy = targetAccuracy
    self.patience = patience
    self.recordsParties = recordsParties
    self.analysis = analysis
    self.onProgress = onProgress
  }
}

/// A simulation in virtual time: how fast devices are, and when the server goes on without the slow ones.
///
/// ```swift
/// // Of 130 selected the first 100 count.
/// VirtualTime(devices: .uneven(spread: 1), StragglerPolicy(overSelection: 1.3))
/// ```
public struct VirtualTime: Hashable, Sendable {
  public var devices: DeviceProfile
  /// The deadline is one of simulated time.
  public var stragglers: StragglerPolicy

  public init(devices: DeviceProfile = .even, _ stragglers: StragglerPolicy = StragglerPolicy()) {
    self.devices = devices
    self.stragglers = stragglers
  }
}

/// How far a round has come.
public struct RoundProgress: Hashable, Sendable {
  /// Counted from 1.
  public var round: Int
  /// Clients that have trained.
  public var trained: Int
  /// Clients that train in this round.
  public var clients: Int

  public init(round: Int, trained: Int, clients: Int) {
    self.round = round
    self.trained = trained
    self.clients = clients
  }
}
