public import FluxionCalculus

/// The product of the Hessian of a batch's mean loss with a direction, as a program: parameters, a batch and a vector `v`
/// ↦ `∇²L(w) v`. The Hessian itself is never formed.
///
/// The gradient's own pushforward (forward over reverse; Pearlmutter 1994, "Fast exact multiplication by the Hessian"),
/// so it is exact and costs a small multiple of a gradient. Where the loss has kinks (ReLU, max pooling) it is the
/// Hessian of the smooth piece at hand.
///
/// ```swift
/// let product = try task.hessianVectorProduct(batchSize: 64, input: [28, 28, 1])
/// product.program.inputs[product.directions.lowerBound].name  // "direction.conv2d_1.weight"
/// ```
public struct HessianVectorProduct: Sendable {
  public let program: Program
  /// Where the inputs of the gradient stand.
  public let inputs: ProgramLayout
  /// Which inputs are the vector, one tensor a parameter in the order of the model's ``ParameterLayout``.
  public let directions: Range<Int>
  /// Where each parameter, its part of the vector and its part of the product lie in flat vectors.
  public let parameters: ParameterLayout
  /// The scalar inputs of the objective's terms, with their values.
  public let hyperparameters: [Hyperparameter]
  public let batchSize: Int

  /// Which outputs are the product, one tensor a parameter.
  public var productOutputs: Range<Int> { 0..<inputs.parameters.count }
}

extension LearningTask {
  /// Traces the product on batches of exactly `batchSize` examples.
  ///
  /// - Parameters:
  ///   - input: the shape of one example.
  ///   - objective: what is added to the mean loss.
  ///   - isTraining: whether dropout draws.
  /// - Throws: as ``stepProgram(batchSize:input:optimizer:objective:)``.
  public func hessianVectorProduct(
    batchSize: Int, input: Shape, objective: Objective = Objective(), isTraining: Bool = false
  ) throws -> HessianVectorProduct {
    let gradient = try gradientProgram(
      batchSize: batchSize, input: input, objective: objective, isTraining: isTraining)
    let given = gradient.program.inputs
    let directions = gradient.parameters.entries.map { Program.Input("direction.\($0.name)", TensorType($0.shape)) }
    let program = try Program.trace(given + directions) { tensors in
      let outputs = gradient.program(Array(tensors.prefix(given.count)))
      return pushforward(
        of: Array(outputs[gradient.gradientOutputs]), withRespectTo: Array(tensors[gradient.inputs.parameters]),
        tangents: Array(tensors.suffix(directions.count)))
    }
    return HessianVectorProduct(
      program: program, inputs: gradient.inputs, directions: given.count..<(given.count + directions.count),
      parameters: gradient.parameters, hyperparameters: gradient.hyperparameters, batchSize: batchSize)
  }
}
