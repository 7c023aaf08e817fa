package import FluxionCalculus
package import FluxionData
package import FluxionLearning

/// The compiled evaluation of a task, shared by all threads.
///
/// Examples are evaluated batch by batch; what the batches say is merged in their order, so that the result has the same
/// bits for any number of threads.
package final class Evaluator: Sendable {
  package let task: LearningTask
  let program: EvaluationProgram
  let executable: Executable
  /// Of no examples yet: the task's metrics, and the loss.
  private let empty: MetricAccumulator

  /// - Parameter batchSize: examples a run; bounds the memory.
  /// - Throws: ``FluxionError`` if model, loss or metrics do not fit examples of shape `input`.
  package init(_ task: LearningTask, input: Shape, batchSize: Int = 128) throws {
    self.task = task
    program = try task.evaluationProgram(batchSize: batchSize, input: input)
    executable = try Executable(program.program)
    var withLoss = task
    withLoss.metrics = task.metrics.filter { $0 != .loss } + [.loss]
    empty = try withLoss.metricAccumulator(input: input)
  }

  package func batchCount(of examples: DatasetView) -> Int {
    (examples.count + program.batchSize - 1) / program.batchSize
  }

  /// What batches say together, in their order.
  package func evaluation(of batches: [MetricAccumulator]) throws -> Evaluation {
    var total = empty
    for batch in batches { try total.merge(batch) }
    let values = total.values
    let loss = values.first { $0.metric == .loss }?.value
    return Evaluation(
      loss: loss, metrics: task.metrics.compactMap { metric in values.first { $0.metric == metric } },
      examples: total.exampleCount)
  }

  func makeAccumulator() -> MetricAccumulator { empty }
}

/// One thread's memory for evaluating batches.
package final class EvaluationWorker {
  private let evaluator: Evaluator
  private let workspace: Workspace

  package init(_ evaluator: Evaluator) {
    self.evaluator = evaluator
    workspace = evaluator.executable.makeWorkspace()
  }

  /// Evaluates one batch of `examples` under parameters as the task's layout places them.
  package func evaluate(
    batch: Int, of examples: DatasetView, parameters: UnsafeBufferPointer<Float>
  ) throws -> MetricAccumulator {
    let program = evaluator.program
    let start = batch * program.batchSize
    let count = min(program.batchSize, examples.count - start)
    let first = examples.indices.startIndex + start
    let indices = examples.indices[first..<(first + count)]
    guard let base = parameters.baseAddress, let losses = program.lossOutput, let y = program.inputs.y else {
      throw FluxionError(.invalidArgument, "a model without parameters or targets cannot be evaluated")
    }
    for (entry, input) in zip(program.parameters.entries, program.inputs.parameters) {
      workspace.bind(input: input, to: base + entry.offset)
    }
    let x = workspace.pointer(input: program.inputs.x).assumingMemoryBound(to: Float.self)
    let targets = workspace.pointer(input: y)
    let takesLabels = evaluator.task.loss.target == .labels
    indices.withUnsafeBufferPointer { indices in
      examples.dataset.copyFeatures(of: indices, to: x)
      if takesLabels {
        examples.dataset.copyLabels(of: indices, to: targets.assumingMemoryBound(to: Int32.self))
      } else {
        examples.dataset.copyValues(of: indices, to: targets.assumingMemoryBound(to: Float.self))
      }
    }
    workspace.run()
    let rows = program.program.outputTypes[program.predictionOutput].shape.count
    let predictions = UnsafeBufferPointer(
      start: workspace.pointer(output: program.predictionOutput).assumingMemoryBound(to: Float.self), count: rows)
    let lossValues = UnsafeBufferPointer(
      start: workspace.pointer(output: losses).assumingMemoryBound(to: Float.self), count: count)
    var result = evaluator.makeAccumulator()
    if takesLabels {
      try result.add(
        predictions: predictions,
        labels: UnsafeBufferPointer(start: targets.assumingMemoryBound(to: Int32.self), count: count),
        losses: lossValues)
    } else {
      try result.add(
        predictions: predictions,
        values: UnsafeBufferPointer(start: targets.assumingMemoryBound(to: Float.self), count: count),
        losses: lossValues)
    }
    return result
  }
}
