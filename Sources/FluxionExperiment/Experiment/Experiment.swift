public import FluxionData
public import FluxionFederation
public import FluxionLearning
public import FluxionSimulation

/// A run, described: the data and how it is dealt out, the model, the algorithm, how long and how it is judged.
///
/// A value that flags, `experiment.yaml` and Swift all build, under one set of names; the same description gives the
/// same run, to the bits of the final parameters. What is nil follows from the data: see ``Experiment/Defaults``.
///
/// ```swift
/// var experiment = Experiment()
/// experiment.partition = .dirichlet(alpha: 0.5)
/// experiment.rounds = 20
/// let sameFromText = try Experiment(yaml: "partition: dirichlet:0.5\nrounds: 20")
/// ```
public struct Experiment: Sendable, Equatable {
  // MARK: Data

  /// What is learnt from.
  public var data: DataSource = .digits
  /// Where public datasets lie; nil for `FLUXION_DATA`, then the user's cache.
  public var dataDir: String?
  /// The column of a table to predict; nil for the one called "label", "target", "class" or "y", else the last.
  public var labelColumn: String?
  /// The part kept for testing where the data has no test part of its own, in (0, 1).
  public var testFraction: Double = 0.2
  /// How many parties share the data.
  public var parties: Int?
  /// How the data is dealt out to the parties.
  public var partition: Partitioner?
  /// What is kept of the training data for validation, and by whom; nil for nothing, unless something needs it.
  public var validation: ValidationShare?

  // MARK: Learning

  public var model: ModelChoice?
  public var algorithm: Algorithm = .federatedAveraging
  /// How many rounds at most.
  public var rounds: Int?
  /// Which part of the parties each round takes.
  public var cohort: CohortSize = .all
  /// Passes over its data that a party makes in a round.
  public var epochs: Int = 1
  /// Samples a local step; nil for all of a party's.
  public var batchSize: Int? = 32
  public var optimizer: LocalOptimizer = .sgd
  /// The step of the local optimiser, or of the server for FedSGD.
  public var learningRate: Double?
  /// How the learning rate changes over the rounds.
  public var schedule: Schedule = .constant
  /// Of the momentum and nesterov optimisers.
  public var momentum: Double = 0.9
  /// λ of the penalty `λ/2 ‖w‖²`; nil for the optimiser's own, 0.01 for adamw and else none.
  public var weightDecay: Double?
  /// What a party's update counts in the average.
  public var weighting: PartyWeighting = .samples
  /// μ of FedProx's penalty `μ/2 ‖w − w₀‖²`, which keeps a party near the model it was sent; nil for none.
  public var proximal: Double?
  /// Hyperparameters that the federation tunes by their exact derivatives while it learns; nil for none.
  public var tune: TuneChoice?
  /// Whose values those are, and who moves them.
  public var tuneMode: Tuning.Mode = .shared
  /// How the parties' models become one.
  public var aggregator: AggregatorChoice = .mean
  /// The step along the aggregator's derivative, of differentiable averaging; nil for the learning rate.
  public var aggregationRate: Double?

  // MARK: Parties that take long

  /// How fast the parties' devices are; nil where nobody is waited for.
  public var devices: DeviceProfile?
  /// How many parties are selected for each that a round waits for.
  public var overSelection: Double?
  /// How long a round waits, in seconds; of simulated time where the parties are simulated.
  public var deadline: Double?
  /// The part of the updates that is enough at a deadline.
  public var quorum: Double?
  /// What becomes of updates that come after their round.
  public var late: LateUpdates?
  /// Of fedbuff: with how many updates the server takes a step.
  public var bufferSize: Int?
  /// The exponent by which late updates count less.
  public var staleness: Double?
  /// Through how many steps of the server a late update is waited for.
  public var maximumStaleness: Int?

  // MARK: Stopping and judging

  /// Stop once the test accuracy is this, in (0, 1].
  public var targetAccuracy: Double?
  /// How many evaluations in a row without a lower test loss are borne; the next one stops the run.
  public var patience: Int?
  /// Evaluate the global model every so many rounds, and after the last.
  public var evaluateEvery: Int = 1
  /// Afterwards train each party alone and all data pooled, for comparison.
  public var baselines: Bool = false
  /// Record how the parties' gradients and updates agree, and how curved the loss is.
  public var analyze: Bool = false
  /// Analyse the first round, every so many after it, and the last.
  public var analyzeEvery: Int = 1

  // MARK: Running

  /// Where every random draw comes from.
  public var seed: UInt64 = 0
  /// How many clients train at once; nil for one a core. Never changes the result.
  public var threads: Int?
  /// The directory for what the run leaves; nil for a new one in `runs`.
  public var output: String?

  public init() {}
}
