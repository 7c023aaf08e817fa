import FluxionCalculus
public import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionInterop
public import FluxionLearning
public import FluxionSimulation
import FluxionStore
public import Foundation

extension Experiment {
  /// What happens while an experiment runs.
  public enum Event: Sendable {
    /// The data is dealt out and the output directory there; training begins.
    case began(RunRecord, directory: URL)
    /// The run was begun earlier, and its state is there: what follows are the rounds that are left.
    case resumed(Resumption)
    case round(RoundRecord)
    /// The rounds are over and the model is written; what follows is for comparison.
    case trained(RunRecord)
    /// Each party alone and all data pooled are being trained.
    case comparing
  }

  /// Where a run goes on that was begun earlier.
  public struct Resumption: Sendable {
    /// The directory that keeps its state.
    public var state: URL
    /// The last round that is done; 0 if none is.
    public var round: Int
    /// Whether there is nothing left to do.
    public var isFinished: Bool
    /// What was found damaged, and what is done about it, a sentence each.
    public var notes: [String]
  }

  /// What a run left.
  public struct Outcome: Sendable {
    public var directory: URL
    public var record: RunRecord
    /// The parameters after the last round.
    public var parameters: Parameters
  }

  /// Runs the experiment and leaves `run.json`, `metrics.csv`, `model.safetensors` and `report.html` in its output
  /// directory, which has every finished round whatever ends the run.
  ///
  /// ```swift
  /// let outcome = try await Experiment(yaml: "rounds: 5").run { event in
  ///   if case .round(let round) = event { print(round.round, round.testAccuracy ?? 0) }
  /// }
  /// print(outcome.record.modelSHA256 ?? "")
  /// ```
  ///
  /// With a directory for its state the run can be ended at any instant, also by the system, and goes on when it is
  /// called again: after the last finished round, to the same `modelSHA256` and with complete outputs. These then go to
  /// the same directory, unless ``output`` names another.
  ///
  /// - Parameters:
  ///   - command: the command line that makes the same run, for the record.
  ///   - state: where the run is kept, so that it can go on; nil for nowhere.
  ///   - progress: called while the parties of a round train, from one of their threads and at most ten times a second.
  ///   - reporting: called as things happen; what it throws ends the run.
  /// - Throws: ``FluxionError`` before training for data, settings or directories that cannot be used, among them a
  ///   state of another run, and `.diverged` with round and party for training that left the finite numbers;
  ///   `CancellationError`.
  public func run(
    command: String? = nil, state: URL? = nil, progress: (@Sendable (RoundProgress) -> Void)? = nil,
    reporting: (Event) throws -> Void = { _ in }
  ) async throws -> Outcome {
    try await Self.run(prepared(), command: command, state: state, progress: progress, reporting: reporting)
  }

  /// As ``run(command:state:progress:reporting:)``, of an experiment whose data is at hand.
  static func run(
    _ prepared: PreparedExperiment, command: String?, state: URL? = nil,
    progress: (@Sendable (RoundProgress) -> Void)? = nil, reporting: (Event) throws -> Void
  ) async throws -> Outcome {
    let experiment = prepared.experiment
    var record = try RunRecord(prepared, command: command)
    let store = try state.map { try SQLiteStore(at: $0, of: RunIdentity(prepared)) }
    defer { store?.close() }
    if let store { record.rounds = store.history().rounds }
    let directory = try RunDirectory(
      at: experiment.output == nil ? state ?? experiment.outputDirectory() : experiment.outputDirectory(),
      record: record)
    switch experiment.algorithm {
    case .federatedAveraging where experiment.weighting == .learned:
      let algorithm = try experiment.learnedWeighting(prepared.partition, prepared.task)
      return try await ExperimentRun(prepared, algorithm, directory: directory, store: store, progress: progress)(
        reporting)
    case .federatedAveraging:
      if let tune = experiment.tune {
        let algorithm = try experiment.tunedAveraging(tune, prepared.task, prepared.partition)
        return try await ExperimentRun(prepared, algorithm, directory: directory, store: store, progress: progress)(
          reporting)
      }
      let algorithm = try experiment.federatedAveraging()
      return try await ExperimentRun(prepared, algorithm, directory: directory, store: store, progress: progress)(
        reporting)
    case .federatedSGD:
      let algorithm = try experiment.federatedSGD()
      return try await ExperimentRun(prepared, algorithm, directory: directory, store: store, progress: progress)(
        reporting)
    case .differentiableAveraging:
      let algorithm = try experiment.differentiableAveraging()
      return try await ExperimentRun(prepared, algorithm, directory: directory, store: store, progress: progress)(
        reporting)
    }
  }

  /// Where the run's results go: `output`, or the first of `runs/DATA-ALGORITHM`, `runs/DATA-ALGORITHM-2`, … that is
  /// not there yet.
  func outputDirectory() -> URL {
    if let output { return URL(fileURLWithPath: output, isDirectory: true) }
    let data =
      switch self.data {
      case .digits, .mnist, .syntheticLinear: self.data.description
      case .idx(let path), .csv(let path):
        String(URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent.prefix { $0 != "." })
      }
    let base = "runs/\(data.isEmpty ? "data" : data)-\(algorithm.rawValue)"
    var (path, number) = (base, 1)
    while FileManager.default.fileExists(atPath: path) {
      number += 1
      path = "\(base)-\(number)"
    }
    return URL(fileURLWithPath: path, isDirectory: true)
  }
}
