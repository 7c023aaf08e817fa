public import FluxionCalculus

/// A model's predictions and losses as a program: parameters and a batch ↦ predictions and the loss of each example.
///
/// It is traced for evaluation: dropout passes everything, no key is read. Every row is computed by itself, so a batch
/// may be padded and what belongs to the padding ignored.
///
/// ```swift
/// let evaluation = try task.evaluationProgram(batchSize: 500, input: [28, 28, 1])
/// evaluation.program.outputTypes  // [float32[500, 10], float32[500]]
/// ```
public struct EvaluationProgram: Sendable {
  public let program: Program
  /// Where the inputs stand.
  public let inputs: ProgramLayout
  /// Where each parameter lies in the flat vector.
  public let parameters: ParameterLayout
  public let batchSize: Int

  /// Which output is the predictions: logits `[batch, classes]`, or values `[batch]`.
  public var predictionOutput: Int { 0 }
  /// Which output is the losses `[batch]`; a program that reads no targets has none.
  public var lossOutput: Int? { inputs.y == nil ? nil : 1 }
}

extension LearningTask {
  /// Traces evaluation on batches of `batchSize` examples.
  ///
  /// - Parameter input: the shape of one example.
  /// - Throws: ``FluxionError`` that names the layer or loss that does not fit.
  public func evaluationProgram(batchSize: Int, input: Shape) throws -> EvaluationProgram {
    try forward(batchSize, input, readsTargets: true)
  }

  /// Traces predictions alone, for examples whose targets are not known.
  ///
  /// - Throws: as ``evaluationProgram(batchSize:input:)``.
  public func predictionProgram(batchSize: Int, input: Shape) throws -> EvaluationProgram {
    try forward(batchSize, input, readsTargets: false)
  }

  private func forward(_ batchSize: Int, _ input: Shape, readsTargets: Bool) throws -> EvaluationProgram {
    let parameters = try layout(input: input)
    let declared = try TraceInputs(
      self, batchSize: batchSize, input: input, parameters: parameters, readsTargets: readsTargets, isTraining: false)
    let program = try Program.trace(declared.inputs) { tensors in
      let trace = TraceTensors(tensors: tensors, declared: declared)
      let predictions = predictions(trace.x, trace.parameters, LayerContext(isTraining: false))
      return readsTargets ? [predictions, loss(predictions, trace.y)] : [predictions]
    }
    return EvaluationProgram(program: program, inputs: declared.layout, parameters: parameters, batchSize: batchSize)
  }

  /// An empty accumulator of the task's metrics.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` for a metric that such predictions do not have.
  public func metricAccumulator(input: Shape) throws -> MetricAccumulator {
    try MetricAccumulator(metrics, width: loss.target == .labels ? try predictionShape(input: input).last ?? 1 : 1)
  }
}
