public import FluxionCalculus

/// The gradient of a batch's mean loss as a program: parameters and a batch ↦ the sum of the losses, and the gradient for
/// each parameter.
///
/// For algorithms that send gradients, and for analysis; differentiated again it is a ``HessianVectorProduct``.
///
/// ```swift
/// let gradient = try task.gradientProgram(batchSize: 600, input: [28, 28, 1])
/// ```
public struct GradientProgram: Sendable {
  public let program: Program
  /// Where the inputs stand.
  public let inputs: ProgramLayout
  /// Where each parameter, and its gradient, lies in a flat vector.
  public let parameters: ParameterLayout
  /// The scalar inputs of the objective's terms, with their values.
  public let hyperparameters: [Hyperparameter]
  public let batchSize: Int

  /// Which output is the sum of the losses.
  public var lossOutput: Int { 0 }
  /// Which outputs are the gradients, of the mean loss plus the objective's terms.
  public var gradientOutputs: Range<Int> { 1..<(inputs.parameters.count + 1) }
}

extension LearningTask {
  /// Traces the gradient on batches of exactly `batchSize` examples.
  ///
  /// - Parameters:
  ///   - input: the shape of one example.
  ///   - objective: what is added to the mean loss.
  ///   - isTraining: whether dropout draws; without it the program is a function of parameters and data alone.
  /// - Throws: as ``stepProgram(batchSize:input:optimizer:objective:)``.
  public func gradientProgram(
    batchSize: Int, input: Shape, objective: Objective = Objective(), isTraining: Bool = true
  ) throws -> GradientProgram {
    let parameters = try layout(input: input)
    let declared = try TraceInputs(
      self, batchSize: batchSize, input: input, parameters: parameters, isTraining: isTraining, objective: objective)
    try declared.hyperparameters.forEach { try $0.validate() }
    let program = try Program.trace(declared.inputs) { tensors in
      let trace = TraceTensors(tensors: tensors, declared: declared)
      let (losses, gradients) = trace.lossesAndGradients(self, objective)
      return [losses.sum()] + gradients
    }
    return GradientProgram(
      program: program, inputs: declared.layout, parameters: parameters, hyperparameters: declared.hyperparameters,
      batchSize: batchSize)
  }
}
