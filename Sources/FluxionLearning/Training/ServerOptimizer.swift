public import FluxionCalculus

/// What a server does with the mean of its clients' parameters: it takes their distance from its own as a gradient
/// (Reddi et al. 2020, "Adaptive federated optimization", arXiv 2003.00295).
///
/// ```swift
/// let server = ServerOptimizer.adam(learningRate: 0.01)
/// let step = try server.stepProgram(parameterCount: layout.count)
/// ```
public struct ServerOptimizer: Sendable {
  /// What is done with the pseudo-gradient `w − mean(wₖ)`; nil for plain averaging, whose new parameters are the mean
  /// itself, to the bit.
  public let optimizer: Optimizer?

  public init(_ optimizer: Optimizer?) { self.optimizer = optimizer }

  /// FedAvg: the mean becomes the new parameters (McMahan et al. 2016, arXiv 1602.05629).
  public static let averaging = ServerOptimizer(nil)

  /// FedAvgM: momentum on the pseudo-gradient (Hsu, Qi and Brown 2019, arXiv 1909.06335).
  public static func momentum(learningRate: Float = 1, momentum: Float = 0.9) -> ServerOptimizer {
    ServerOptimizer(.momentum(learningRate: learningRate, momentum: momentum))
  }

  /// FedAdam, algorithm 2 of Reddi et al.: no bias correction, `v` begins at `τ²`.
  public static func adam(
    learningRate: Float = 0.01, beta1: Float = 0.9, beta2: Float = 0.99, tau: Float = 1e-3
  ) -> ServerOptimizer {
    ServerOptimizer(
      Optimizer(
        "fedadam",
        chain(
          ScaleByAdam(
            beta1: beta1, beta2: beta2, epsilon: tau, biasCorrected: false, initialSecondMoment: tau * tau),
          ScaleByLearningRate(learningRate))))
  }

  /// FedYogi, algorithm 2 of Reddi et al.: as ``adam(learningRate:beta1:beta2:tau:)`` with Yogi's second moment.
  public static func yogi(
    learningRate: Float = 0.01, beta1: Float = 0.9, beta2: Float = 0.99, tau: Float = 1e-3
  ) -> ServerOptimizer {
    ServerOptimizer(
      Optimizer(
        "fedyogi",
        chain(
          ScaleByAdam(
            beta1: beta1, beta2: beta2, epsilon: tau, biasCorrected: false, yogi: true,
            initialSecondMoment: tau * tau),
          ScaleByLearningRate(learningRate))))
  }

  /// FedAdagrad, algorithm 2 of Reddi et al. with `β₁ = 0`: the sum of squares begins at `τ²`.
  public static func adagrad(learningRate: Float = 0.1, tau: Float = 1e-3) -> ServerOptimizer {
    ServerOptimizer(
      Optimizer(
        "fedadagrad",
        chain(ScaleByAdagrad(epsilon: tau, initialAccumulator: tau * tau), ScaleByLearningRate(learningRate))))
  }

  /// Traces one step over the flat vector of parameters.
  ///
  /// - Parameter parameterCount: ``ParameterLayout/count``.
  /// - Returns: nil for plain averaging, where nothing is to be computed.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a hyperparameter outside its bounds.
  public func stepProgram(parameterCount: Int) throws -> ServerStepProgram? {
    guard let optimizer else { return nil }
    try optimizer.validate()
    let parameters = Program.Input("parameters", TensorType([parameterCount]))
    let state = optimizer.transform.initialState(for: [parameters])
    let inputs =
      [parameters] + state.map { Program.Input($0.name, TensorType($0.shape)) }
      + [Program.Input("pseudoGradient", parameters.type)]
      + optimizer.hyperparameters.map { Program.Input($0.name, TensorType(.scalar)) }
    let program = try Program.trace(inputs) { tensors in
      let (updates, next) = optimizer.transform.update(
        [tensors[state.count + 1]], state: Array(tensors[1..<(state.count + 1)]), parameters: [tensors[0]],
        hyper: HyperparameterTensors(optimizer.hyperparameters, Array(tensors[(state.count + 2)...])))
      return [tensors[0] - updates[0]] + next
    }
    return ServerStepProgram(program: program, state: state, hyperparameters: optimizer.hyperparameters)
  }
}

/// One step of a server as a program: parameters, state and pseudo-gradient ↦ new parameters and new state.
public struct ServerStepProgram: Sendable {
  public let program: Program
  /// How the state begins.
  public let state: [StateSpec]
  /// The scalar inputs, with their values.
  public let hyperparameters: [Hyperparameter]

  /// Which input is the flat vector of parameters `[count]`.
  public var parametersInput: Int { 0 }
  /// Which inputs are the state.
  public var stateInputs: Range<Int> { 1..<(state.count + 1) }
  /// Which input is `w − mean(wₖ)`, `[count]`.
  public var pseudoGradientInput: Int { state.count + 1 }
  /// Which inputs are hyperparameters, scalars in the order of ``hyperparameters``.
  public var hyperparameterInputs: Range<Int> { (state.count + 2)..<(state.count + 2 + hyperparameters.count) }
  /// Which output is the new parameters.
  public var parametersOutput: Int { 0 }
  /// Which outputs are the new state.
  public var stateOutputs: Range<Int> { stateInputs }
  /// Inputs whose storage the executor may reuse for an output.
  public var inPlace: [(input: Int, output: Int)] { (0...state.count).map { ($0, $0) } }

  /// The same step with one more output: the derivative of the new parameters with respect to a hyperparameter, parameters
  /// and state before the step held still.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a hyperparameter that the step does not have.
  public func carryingTangent(of name: String) throws -> Program {
    guard let position = hyperparameters.firstIndex(where: { $0.name == name }) else {
      throw FluxionError(
        .invalidArgument,
        "the server's step: " + unknownName(name, "hyperparameter", among: hyperparameters.map(\.name)))
    }
    return try Program.trace(program.inputs) { tensors in
      let outputs = program(tensors)
      return outputs
        + pushforward(
          of: [outputs[parametersOutput]], withRespectTo: [tensors[hyperparameterInputs.lowerBound + position]],
          tangents: [1])
    }
  }
}
