import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionInterop
import FluxionLearning
import FluxionSimulation
import FluxionStore
import Foundation

/// Where an experiment runs: what is kept of it, and who trains.
struct ExperimentWorld {
  var directory: RunDirectory
  /// nil where the run need not survive the process.
  var store: SQLiteStore?
  /// nil where the parties are simulated.
  var remote: RemoteParties?
  var progress: (@Sendable (RoundProgress) -> Void)?
}

/// An experiment under way: its simulation, the directory that it keeps up to date, and the store that it goes on from.
struct ExperimentRun<Algorithm: FederatedAlgorithm> {
  let prepared: PreparedExperiment
  let directory: RunDirectory
  let simulation: Simulation<Algorithm>
  private let store: SQLiteStore?
  private let remote: RemoteParties?
  private let startedAt: Date
  private let start = ContinuousClock.now
  /// Of the rounds that were done when this process began.
  private let earlierSeconds: Double

  init(_ prepared: PreparedExperiment, _ algorithm: Algorithm, in world: ExperimentWorld) {
    self.prepared = prepared
    (directory, store, remote) = (world.directory, world.store, world.remote)
    startedAt = store?.created ?? Date()
    earlierSeconds = directory.record.rounds.reduce(0) {
      $0 + $1.seconds + $1.evaluationSeconds + ($1.analysisSeconds ?? 0)
    }
    var configuration = prepared.experiment.simulationConfiguration
    configuration.onProgress = world.progress
    simulation = Simulation(prepared.task, algorithm, prepared.partition, configuration)
  }

  func callAsFunction(_ report: (Experiment.Event) throws -> Void) async throws -> Experiment.Outcome {
    do {
      try report(.began(directory.record, directory: directory.url))
      if let resumption = try resumption { try report(.resumed(resumption)) }
      try await train(report)
      directory.record.stop = RunRecord.Stop(simulation.stopReason)
    } catch {
      // What came first is what the user has to know; what can still be written is.
      directory.record.stop = RunRecord.Stop(error)
      try? leave()
      throw error
    }
    try await evaluateParties()
    try leave()
    try report(.trained(directory.record))
    if prepared.experiment.baselines, remote == nil {
      try await compare(report)
      try leave()
    }
    guard let parameters = simulation.parameters else { throw CancellationError() }
    return Experiment.Outcome(directory: directory.url, record: directory.record, parameters: parameters)
  }

  /// Where an earlier process left the run; nil if there was none.
  private var resumption: Experiment.Resumption? {
    get throws {
      guard let store, store.history().hasBegun else { return nil }
      let round = store.history().lastRound
      let ending = try store.checkpoint(of: Algorithm.State.self)?.progress.ending
      return Experiment.Resumption(
        state: store.folder, round: round, isFinished: ending != nil || round >= rounds, notes: store.notes)
    }
  }

  private var rounds: Int { prepared.experiment.rounds ?? Experiment.Defaults.rounds }

  private func train(_ report: (Experiment.Event) throws -> Void) async throws {
    let simulation = simulation
    try await withTaskCancellationHandler {
      for try await round in simulation.rounds(rounds, keptIn: store ?? NoStore(), with: remote) {
        try directory.append(round)
        try report(.round(round))
      }
    } onCancel: {
      simulation.stop()
    }
    try Task.checkCancellation()
    if case .quorumMissed(let round) = simulation.stopReason {
      throw FluxionError(
        .unavailable,
        "too few parties sent an update that counts, in round \(round) and those before it; the run ends here")
    }
  }

  /// Writes everything as it is now.
  private func leave() throws {
    directory.record.timing = RunRecord.Timing(
      startedAt: startedAt.formatted(.iso8601),
      totalSeconds: earlierSeconds + (ContinuousClock.now - start) / .seconds(1))
    if let parameters = simulation.parameters {
      directory.record.modelSHA256 = ModelDigest.sha256Hex(of: parameters.values)
      let model = Safetensors(parameters, metadata: ["format": "fluxion"])
      try directory.write(Data(try model.encoded()), as: "model.safetensors")
    }
    try directory.finish()
    try directory.write(Data(Report(directory.record).html().utf8), as: "report.html")
  }

  /// How good the final model is for each party, on its own samples; left out where there are too many to list.
  private func evaluateParties() async throws {
    let partition = prepared.partition
    guard remote == nil, let parameters = simulation.parameters, partition.count <= Report.maximumListedParties,
      directory.record.partition?.parties.count == partition.count
    else { return }
    for party in 0..<partition.count {
      let score = try await simulation.evaluate(parameters, on: partition[party])
      directory.record.partition?.parties[party].globalModel = RunRecord.Evaluation(
        accuracy: score.accuracy, loss: score.loss)
    }
  }

  /// Each party alone and all data pooled, for as many passes over their data as the federation made.
  private func compare(_ report: (Experiment.Event) throws -> Void) async throws {
    let epochs = max(1, directory.record.rounds.count) * prepared.experiment.epochs
    let last = directory.record.rounds.last { $0.testLoss != nil }
    let federation = last.map { RunRecord.Evaluation(accuracy: $0.testAccuracy, loss: $0.testLoss) }
    try report(.comparing)
    let alone = try await simulation.trainEachAlone(epochs: epochs).enumerated().map { party, score in
      RunRecord.Baselines.Alone(
        party: prepared.partition.name(of: party), accuracy: score.accuracy, loss: score.loss)
    }
    directory.record.baselines = RunRecord.Baselines(alone: alone, pooled: nil, federation: federation)
    try Task.checkCancellation()
    let pooled = try await simulation.trainPooled(epochs: epochs)
    directory.record.baselines?.pooled = RunRecord.Evaluation(accuracy: pooled.accuracy, loss: pooled.loss)
  }
}

extension Experiment {
  var simulationConfiguration: SimulationConfiguration {
    SimulationConfiguration(
      seed: seed, threads: threads, cohort: cohort, virtualTime: virtualTime,
      evaluateEvery: evaluateEvery, targetAccuracy: targetAccuracy,
      patience: patience, analysis: analyze ? GradientAnalysis(every: analyzeEvery) : nil)
  }
}

extension RunRecord.Stop {
  /// How a run ended that ended well.
  init(_ reason: StopReason?) {
    switch reason {
    case .targetReached(let accuracy):
      self.init(.targetAccuracy, message: "the test accuracy reached \(Figures.percent(accuracy))")
    case .noImprovement(let evaluations):
      self.init(.patience, message: "\(evaluations) evaluations in a row brought no lower test loss")
    case .requested: self.init(.interrupted, message: "stopped on request")
    default: self.init(.rounds)
    }
  }
}
