import FluxionCalculus
public import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionInterop
public import FluxionLearning
public import FluxionSimulation
public import Foundation

extension Experiment {
  /// What happens while an experiment runs.
  public enum Event: Sendable {
    /// The data is dealt out and the output directory there; training begins.
    case began(RunRecord, directory: URL)
    case round(RoundRecord)
    /// The rounds are over and the model is written; what follows is for comparison.
    case trained(RunRecord)
    /// Each party alone and all data pooled are being trained.
    case comparing
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
  /// - Parameters:
  ///   - command: the command line that makes the same run, for the record.
  ///   - progress: called while the parties of a round train, from one of their threads and at most ten times a second.
  ///   - reporting: called as things happen; what it throws ends the run.
  /// - Throws: ``FluxionError`` before training for data, settings or an output directory that cannot be used, and
  ///   `.diverged` with round and party for training that left the finite numbers; `CancellationError`.
  public func run(
    command: String? = nil, progress: (@Sendable (RoundProgress) -> Void)? = nil,
    reporting: (Event) throws -> Void = { _ in }
  ) async throws -> Outcome {
    try await Self.run(prepared(), command: command, progress: progress, reporting: reporting)
  }

  /// As ``run(command:progress:reporting:)``, of an experiment whose data is at hand.
  static func run(
    _ prepared: PreparedExperiment, command: String?, progress: (@Sendable (RoundProgress) -> Void)? = nil,
    reporting: (Event) throws -> Void
  ) async throws -> Outcome {
    let directory = try RunDirectory(
      at: prepared.experiment.outputDirectory(), record: RunRecord(prepared, command: command))
    let experiment = prepared.experiment
    switch experiment.algorithm {
    case .federatedAveraging where experiment.weighting == .learned:
      let algorithm = try experiment.learnedWeighting(prepared.partition, prepared.task)
      return try await ExperimentRun(prepared, algorithm, directory: directory, progress: progress)(reporting)
    case .federatedAveraging:
      if let tune = experiment.tune {
        let algorithm = try experiment.tunedAveraging(tune, prepared.task, prepared.partition)
        return try await ExperimentRun(prepared, algorithm, directory: directory, progress: progress)(reporting)
      }
      let algorithm = try experiment.federatedAveraging()
      return try await ExperimentRun(prepared, algorithm, directory: directory, progress: progress)(reporting)
    case .federatedSGD:
      let algorithm = try experiment.federatedSGD()
      return try await ExperimentRun(prepared, algorithm, directory: directory, progress: progress)(reporting)
    case .differentiableAveraging:
      let algorithm = try experiment.differentiableAveraging()
      return try await ExperimentRun(prepared, algorithm, directory: directory, progress: progress)(reporting)
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
