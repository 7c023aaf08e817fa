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
  public func prepared() throws -> PreparedExperiment {
    let (experiment, partition) = try dealData()
    return PreparedExperiment(experiment, partition: partition, task: try experiment.task(for: partition.dataset))
  }
}
