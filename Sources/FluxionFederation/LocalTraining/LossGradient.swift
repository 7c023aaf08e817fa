import FluxionCalculus
public import FluxionData
public import FluxionLearning

/// The gradient of a task's mean loss over fixed examples: a validation set as an algorithm sees it.
///
/// ```swift
/// let validation = try LossGradient(task, examples)
/// let (loss, gradient) = try validation(at: parameters.values)
/// ```
public final class LossGradient: Sendable {
  public let examples: DatasetView
  private let trainer: LocalTrainer

  /// Examples whose gradient is taken at once; bounds the memory.
  private static let chunk = 256

  /// - Throws: ``FluxionError`` if there are no examples, or they do not fit the task.
  public init(_ task: LearningTask, _ examples: DatasetView) throws {
    guard !examples.isEmpty else {
      throw FluxionError(.invalidArgument, "there are no validation samples to take a gradient on")
    }
    try task.requireFit(examples.dataset)
    self.examples = examples
    trainer = try LocalTrainer(
      task, input: examples.dataset.exampleShape,
      training: GradientAccumulation.training(chunk: Self.chunk, objective: Objective()))
  }

  /// The mean loss at some parameters, flat in the order of the model, and its gradient.
  ///
  /// Layers that draw, such as dropout, draw the same at every call.
  public func callAsFunction(at parameters: [Float]) throws -> (loss: Double, gradient: [Float]) {
    guard parameters.count == trainer.layout.count else {
      throw FluxionError(
        .shapeMismatch, "the model has \(trainer.layout.count) parameters; it was given \(parameters.count)")
    }
    let worker = ClientWorker(trainer)
    let result = try parameters.withUnsafeBufferPointer {
      try worker.gradient(examples, at: $0, key: RandomKey(seed: 0).folding("validation"))
    }
    return (result.meanLoss, Array(worker.state))
  }
}
