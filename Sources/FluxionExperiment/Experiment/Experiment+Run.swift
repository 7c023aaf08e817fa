import FluxionCalculus
public import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionInterop
public import FluxionLearning
public import FluxionSimulation
public import FluxionStore
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
    let prepared = try prepared()
    return try await prepared.run(
      command: command, store: state.map { try prepared.store(at: $0) }, progress: progress, reporting: reporting)
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

extension PreparedExperiment {
  /// Opens the directory that keeps the state of this run, or makes it.
  ///
  /// - Throws: as ``SQLiteStore/init(at:of:)``.
  public func store(at directory: URL) throws -> SQLiteStore { try SQLiteStore(at: directory, of: RunIdentity(self)) }

  /// As ``Experiment/run(command:state:progress:reporting:)``, of an experiment whose data is at hand.
  ///
  /// - Parameters:
  ///   - store: where the run is kept, and closed at its end.
  ///   - remote: the parties that train, in place of the partition's: these are then not looked at, and the model is
  ///     judged on the test set alone.
  public func run(
    command: String? = nil, store: SQLiteStore? = nil, with remote: RemoteParties? = nil,
    progress: (@Sendable (RoundProgress) -> Void)? = nil, reporting: (Experiment.Event) throws -> Void = { _ in }
  ) async throws -> Experiment.Outcome {
    defer { store?.close() }
    var record = try RunRecord(self, command: command)
    if let store { record.rounds = store.history().rounds }
    if let remote { record.partition = RunRecord.Partition(remote, testSamples: partition.test?.count) }
    let place = if experiment.output == nil, let store { store.folder } else { experiment.outputDirectory() }
    let world = ExperimentWorld(
      directory: try RunDirectory(at: place, record: record), store: store, remote: remote, progress: progress)
    switch experiment.algorithm {
    case .federatedAveraging where experiment.weighting == .learned:
      return try await ExperimentRun(self, experiment.learnedWeighting(partition, task), in: world)(reporting)
    case .federatedAveraging, .fedBuff:
      if let tune = experiment.tune {
        return try await ExperimentRun(self, experiment.tunedAveraging(tune, task, partition), in: world)(reporting)
      }
      return try await ExperimentRun(self, experiment.federatedAveraging(), in: world)(reporting)
    case .federatedSGD:
      return try await ExperimentRun(self, experiment.federatedSGD(), in: world)(reporting)
    case .differentiableAveraging:
      return try await ExperimentRun(self, experiment.differentiableAveraging(), in: world)(reporting)
    }
  }
}
