public import FluxionCalculus

/// One training step as a program: parameters, optimiser state and a batch ↦ new parameters, new state and the sum of
/// the batch's losses.
///
/// Outputs are the new parameters (in the order of the inputs), the new state, and the `float32` scalar sum of the
/// losses at the parameters *before* the step. Training minimises the mean loss plus the objective's terms; these are
/// not in the sum.
///
/// ```swift
/// let step = try task.stepProgram(batchSize: 32, input: [28, 28, 1], optimizer: .sgd(learningRate: 0.1))
/// step.program.inputs[step.inputs.x].type         // float32[32, 28, 28, 1]
/// step.hyperparameters.map(\.name)                // ["learningRate"]
/// ```
public struct StepProgram: Sendable {
  public let program: Program
  /// Where the inputs stand.
  public let inputs: ProgramLayout
  /// Where each parameter lies in the flat vector.
  public let parameters: ParameterLayout
  /// How the optimiser's state begins.
  public let state: [StateSpec]
  /// The scalar inputs, in the order of ``ProgramLayout/hyperparameters``, with their values.
  public let hyperparameters: [Hyperparameter]
  public let batchSize: Int

  /// Which outputs are the new parameters.
  public var parameterOutputs: Range<Int> { 0..<inputs.parameters.count }
  /// Which outputs are the new state.
  public var stateOutputs: Range<Int> { inputs.parameters.count..<lossOutput }
  /// Which output is the sum of the losses.
  public var lossOutput: Int { inputs.parameters.count + inputs.state.count }

  /// Inputs whose storage the executor may reuse for an output: each parameter and each state tensor for its next.
  public var inPlace: [(input: Int, output: Int)] {
    Array(zip(inputs.parameters, parameterOutputs)) + Array(zip(inputs.state, stateOutputs))
  }
}

extension LearningTask {
  /// Traces one step on batches of exactly `batchSize` examples.
  ///
  /// Plain ``Optimizer/sgd(learningRate:)`` adds exactly `w − η g` for each parameter tensor to the gradient's
  /// instructions.
  ///
  /// - Parameters:
  ///   - input: the shape of one example.
  ///   - objective: what is added to the mean loss.
  /// - Throws: ``FluxionError`` that names the layer, loss or hyperparameter that does not fit.
  public func stepProgram(
    batchSize: Int, input: Shape, optimizer: Optimizer, objective: Objective = Objective()
  ) throws -> StepProgram {
    try optimizer.validate()
    let parameters = try layout(input: input)
    let tensors = parameters.entries.map { Program.Input($0.name, TensorType($0.shape)) }
    let state = optimizer.transform.initialState(for: tensors)
    let declared = try TraceInputs(
      self, batchSize: batchSize, input: input, parameters: parameters, state: state, objective: objective,
      hyperparameters: optimizer.hyperparameters)
    try declared.hyperparameters.forEach { try $0.validate() }
    let program = try Program.trace(declared.inputs) { tensors in
      let trace = TraceTensors(tensors: tensors, declared: declared)
      let (losses, gradients) = trace.lossesAndGradients(self, objective)
      let (updates, next) = optimizer.transform.update(
        gradients, state: trace.state, parameters: trace.parameters, hyper: trace.hyper)
      return zip(trace.parameters, updates).map { $0 - $1 } + next + [losses.sum()]
    }
    return StepProgram(
      program: program, inputs: declared.layout, parameters: parameters, state: state,
      hyperparameters: declared.hyperparameters, batchSize: batchSize)
  }
}
