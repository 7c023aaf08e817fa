import FluxionCalculus
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
  /// How the optimiser's learning rate changes from round to round.
  public var schedule: Schedule
  /// How the batch size changes from round to round.
  public var batchSizeSchedule: BatchSizeSchedule
  /// Hyperparameters along which the derivative of the parameters is carried through all steps, by their names in the
  /// step program: see ``TangentStepProgram``.
  public var tangents: [String] = []

  public init(
    _ optimizer: Optimizer, epochs: Int = 1, batchSize: Int? = 32, objective: Objective = Objective(),
    schedule: Schedule = .constant, batchSizeSchedule: BatchSizeSchedule = .constant
  ) {
    self.optimizer = optimizer
    self.epochs = epochs
    self.batchSize = batchSize
    self.objective = objective
    self.schedule = schedule
    self.batchSizeSchedule = batchSizeSchedule
  }

  /// The same training with the learning rate and batch size of a round, counted from 1, and schedules no more.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a schedule without a learning rate to act on, or a rate outside
  ///   its bounds.
  public func settled(inRound round: Int, state: Schedule.State = Schedule.State()) throws -> LocalTraining {
    if let batchSize, batchSize < 1 {
      throw FluxionError(.invalidArgument, "a batch has at least 1 example; it was given \(batchSize)")
    }
    var settled = self
    if schedule != .constant {
      guard let rate = optimizer["learningRate"] else {
        throw FluxionError(
          .invalidArgument, "a schedule needs a learning rate; optimizer \(optimizer.name) has none")
      }
      settled.optimizer = try optimizer.setting(
        "learningRate", to: schedule.value(rate, at: round - 1, state: state))
    }
    settled.batchSize = batchSize.map { batchSizeSchedule.size($0, at: round - 1) }
    (settled.schedule, settled.batchSizeSchedule) = (.constant, .constant)
    return settled
  }

  /// Stochastic gradient descent.
  public static func sgd(learningRate: Float, epochs: Int = 1, batchSize: Int? = 32) -> LocalTraining {
    LocalTraining(.sgd(learningRate: learningRate), epochs: epochs, batchSize: batchSize)
  }
}
