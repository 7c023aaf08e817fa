public import FluxionLearning

/// What a client does with its own data in one round: which optimiser, how often over the data, in which batches.
///
/// ```swift
/// let local = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 32)
/// let adam = LocalTraining(.adam(learningRate: 1e-3), epochs: 5, batchSize: 64)
/// ```
public struct LocalTraining: Sendable {
  public var optimizer: Optimizer
  /// Passes over the client's data in a round (E in McMahan et al. 2017).
  public var epochs: Int
  /// Examples a step (B in McMahan et al. 2017); nil takes all of the client's at once. The last batch of an epoch is
  /// what is left and may be smaller; it is never dropped.
  public var batchSize: Int?
  /// What is added to the mean loss.
  public var objective: Objective

  public init(_ optimizer: Optimizer, epochs: Int = 1, batchSize: Int? = 32, objective: Objective = Objective()) {
    self.optimizer = optimizer
    self.epochs = epochs
    self.batchSize = batchSize
    self.objective = objective
  }

  /// Stochastic gradient descent.
  public static func sgd(learningRate: Float, epochs: Int = 1, batchSize: Int? = 32) -> LocalTraining {
    LocalTraining(.sgd(learningRate: learningRate), epochs: epochs, batchSize: batchSize)
  }
}
