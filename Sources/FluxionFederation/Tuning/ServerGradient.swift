import FluxionCalculus
public import FluxionData
public import FluxionLearning

/// The gradient of a task's mean loss over examples that the server holds.
///
/// ```swift
/// let gradient = try ServerGradient(task, on: validation)
/// let tuned = TunedAveraging(averaging, tuning, serverGradient: { try gradient(at: $0) })
/// ```
public final class ServerGradient: Sendable {
  private let trainer: LocalTrainer
  private let examples: DatasetView

  /// Examples whose gradient is taken at once; bounds the memory.
  private static let chunk = 128

  /// - Throws: ``FluxionError/Code/invalidArgument`` without examples; as ``LearningTask/layout(input:)``.
  public init(_ task: LearningTask, on examples: DatasetView) throws {
    guard !examples.isEmpty else {
      throw FluxionError(.invalidArgument, "the server has no examples to take a gradient on")
    }
    try task.requireFit(examples.dataset)
    trainer = try LocalTrainer(
      task, input: examples.dataset.exampleShape,
      training: GradientAccumulation.training(chunk: Self.chunk, objective: Objective()))
    self.examples = examples
  }

  /// One value for each parameter.
  public func callAsFunction(at parameters: Parameters) throws -> [Float] {
    let worker = try ClientWorker(trainer)
    // The model's dropout, if it has any, always draws the same.
    _ = try parameters.values.withUnsafeBufferPointer {
      try worker.gradient(examples, at: $0, key: RandomKey(seed: 0))
    }
    return Array(worker.state)
  }
}
