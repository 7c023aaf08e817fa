import FluxionCalculus
public import FluxionData
import FluxionFederation
public import FluxionLearning
import FluxionSimulation

/// An experiment with its data at hand, dealt out, and the task that follows from them; nothing is trained yet.
///
/// ```swift
/// let prepared = try Experiment().prepared()
/// prepared.partition.sizes      // samples a party
/// prepared.experiment.model     // what was chosen where nothing was said
/// ```
public struct PreparedExperiment: Sendable {
  /// With everything filled in that follows from the data.
  public let experiment: Experiment
  public let partition: Partition
  public let task: LearningTask

  /// A task for the same data that the experiment's names do not cover.
  public init(_ experiment: Experiment, partition: Partition, task: LearningTask) {
    self.experiment = experiment
    self.partition = partition
    self.task = task
  }
}

extension Experiment {
  /// Reads the data, deals it out and fills in what follows from it.
  ///
  /// - Throws: ``FluxionError`` that says what is wrong with the data, or what does not go with it.
  public func prepared() throws -> PreparedExperiment { try prepared(on: loadData()) }

  /// As ``prepared()``, of data that is read already.
  func prepared(on split: TrainTestSplit) throws -> PreparedExperiment {
    let (experiment, partition) = try deal(split)
    try experiment.requireSense(for: partition)
    return PreparedExperiment(experiment, partition: partition, task: try experiment.task(for: partition.dataset))
  }

  /// Settings that each can be, and not together.
  private func requireSense(for partition: Partition) throws {
    _ = try cohort.size(of: partition.count)
    guard targetAccuracy == nil || partition.dataset.classCount != nil else {
      throw FluxionError(
        .invalidConfiguration,
        "a target accuracy is for classes, but \"\(partition.dataset.name)\" has values to predict; use patience")
    }
    guard tune == nil || tuneMode != .server || partition.validation != nil else {
      throw FluxionError(
        .invalidConfiguration,
        "tune-mode server needs examples that the server keeps; set validation to server:0.05, or use shared")
    }
    guard analyze || analyzeEvery == 1 else {
      throw FluxionError(
        .invalidConfiguration, "analyze-every \(analyzeEvery) says when to analyze; switch analyze on, too")
    }
    guard aggregationRate == nil || algorithm == .differentiableAveraging else {
      throw FluxionError(
        .invalidConfiguration,
        "an aggregation rate steps along the derivative of an aggregator; use it with differentiable-averaging")
    }
    guard weighting != .learned || (algorithm == .federatedAveraging && aggregator == .mean) else {
      throw FluxionError(
        .invalidConfiguration,
        "learned weights are those of a weighted mean of models; use them with fedavg and the aggregator mean, not with "
          + "\(algorithm == .federatedAveraging ? "the aggregator \(aggregator)" : algorithm.rawValue)")
    }
    guard tune == nil || weighting != .learned else {
      throw FluxionError(
        .invalidConfiguration,
        "weights are learnt or hyperparameters tuned, not both in one run; leave out tune or "
          + "use the weighting samples")
    }
    try requireSenseOfStragglers(parties: partition.count)
    guard algorithm == .federatedSGD else { return }
    guard aggregator == .mean else {
      throw FluxionError(
        .invalidConfiguration,
        "aggregator \(aggregator) makes one model of the parties' models, and fedsgd averages gradients; use fedavg, "
          + "with gd for one full-batch step a party")
    }
    guard epochs == 1 else {
      throw FluxionError(
        .invalidConfiguration, "fedsgd takes one gradient a round, not \(epochs) epochs; use fedavg for local epochs")
    }
    guard tune == nil else {
      throw FluxionError(
        .invalidConfiguration, "tune differentiates local steps, and fedsgd has none; use fedavg to tune")
    }
    guard proximal == nil else {
      throw FluxionError(
        .invalidConfiguration, "proximal holds local steps back, and fedsgd has none; use fedavg with it")
    }
    guard schedule == .constant else {
      throw FluxionError(
        .invalidConfiguration,
        "schedule \(schedule) changes the learning rate of local steps, and fedsgd has none; use fedavg with gd")
    }
  }
}
