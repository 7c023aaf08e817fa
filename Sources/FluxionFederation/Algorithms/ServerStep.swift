import FluxionCalculus
public import FluxionLearning
import Synchronization

/// The server's step, compiled: what a ``ServerOptimizer`` does with the mean of what clients send.
///
/// Algorithms hold one beside the optimiser; it keeps nothing but compiled programs.
public final class ServerStep: Sendable {
  /// What the optimiser remembers from round to round.
  public struct State: Codable, Hashable, Sendable {
    public var tensors: [[Float]]

    public init(tensors: [[Float]] = []) { self.tensors = tensors }
  }

  public let server: ServerOptimizer
  private let compiled = Mutex<Compiled?>(nil)

  private struct Compiled {
    let parameterCount: Int
    let step: ServerStepProgram
    let executable: Executable
    /// The step with the derivative by its learning rate, for those who tune it.
    var tangent: Executable?
  }

  public init(_ server: ServerOptimizer) { self.server = server }

  /// The state before the first round.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a hyperparameter outside its bounds.
  public func initialState(for parameters: Parameters) throws -> State {
    guard let compiled = try compiled(parameters.layout.count) else { return State() }
    return State(tensors: compiled.step.state.map { [Float](repeating: $0.fill, count: $0.shape.count) })
  }

  /// Moves the parameters by the mean change of the clients: `w ← w + Δ`, or a step of the optimiser along `−Δ`.
  ///
  /// - Throws: ``FluxionError/Code/diverged`` if they leave the finite numbers.
  public func move(_ parameters: inout Parameters, by change: [Float], state: inout State) throws {
    if server.optimizer == nil {
      try add(change, to: &parameters)
    } else {
      try descend(&parameters, along: change.map { -$0 }, state: &state)
    }
  }

  /// Takes a step along a gradient; plain averaging takes `w ← w − g`.
  ///
  /// - Throws: ``FluxionError/Code/diverged`` if the parameters leave the finite numbers.
  public func descend(_ parameters: inout Parameters, along gradient: [Float], state: inout State) throws {
    guard let compiled = try compiled(parameters.layout.count) else {
      return try add(gradient.map { -$0 }, to: &parameters)
    }
    _ = try run(compiled, compiled.executable, &parameters, along: gradient, learningRate: nil, &state)
  }

  /// Takes a step along a gradient with a learning rate other than the optimiser's own.
  ///
  /// - Returns: the derivative of the new parameters with respect to the learning rate.
  /// - Throws: ``FluxionError/Code/diverged`` if the parameters leave the finite numbers,
  ///   ``FluxionError/Code/invalidArgument`` for a server without a learning rate.
  func descend(
    _ parameters: inout Parameters, along gradient: [Float], learningRate: Float, state: inout State
  ) throws -> [Float] {
    guard let compiled = try compiled(parameters.layout.count) else {
      throw FluxionError(.invalidArgument, "plain averaging has no server learning rate")
    }
    let executable = try compiled.tangent ?? Executable(compiled.step.carryingTangent(of: "learningRate"))
    self.compiled.withLock { $0?.tangent = executable }
    let results = try run(compiled, executable, &parameters, along: gradient, learningRate: learningRate, &state)
    return results.last?.floats ?? []
  }

  private func run(
    _ compiled: Compiled, _ executable: Executable, _ parameters: inout Parameters, along gradient: [Float],
    learningRate: Float?, _ state: inout State
  ) throws -> [TensorValue] {
    try requireCount(gradient, parameters)
    let step = compiled.step
    guard state.tensors.map(\.count) == step.state.map(\.shape.count) else {
      throw FluxionError(.shapeMismatch, "the state of the server optimizer does not fit the model")
    }
    let shape: Shape = [parameters.layout.count]
    let results = try executable(
      [TensorValue(parameters.values, shape: shape)]
        + zip(state.tensors, step.state).map { TensorValue($0, shape: $1.shape) }
        + [TensorValue(gradient, shape: shape)]
        + step.hyperparameters.map {
          TensorValue($0.name == "learningRate" ? learningRate ?? $0.value : $0.value)
        })
    let values = results[step.parametersOutput].floats
    guard values.allSatisfy(\.isFinite) else { throw Self.diverged }
    try parameters.replaceValues(with: values)
    state.tensors = results[step.stateOutputs].map(\.floats)
    return results
  }

  private func add(_ change: [Float], to parameters: inout Parameters) throws {
    try requireCount(change, parameters)
    let isFinite = parameters.withUnsafeMutableValues { values in
      change.withUnsafeBufferPointer { change in
        // 0 as long as every value is finite, and NaN from the first that is not.
        var check: Float = 0
        for index in 0..<values.count {
          values[index] += change[index]
          check += values[index] * 0
        }
        return check == 0
      }
    }
    guard isFinite else { throw Self.diverged }
  }

  private func requireCount(_ values: [Float], _ parameters: Parameters) throws {
    guard values.count == parameters.layout.count else {
      throw FluxionError(
        .shapeMismatch,
        "an update of this model has \(parameters.layout.count) values; the server was given \(values.count)")
    }
  }

  private func compiled(_ parameterCount: Int) throws -> Compiled? {
    try compiled.withLock { compiled in
      if let compiled, compiled.parameterCount == parameterCount { return compiled }
      guard let step = try server.stepProgram(parameterCount: parameterCount) else { return nil }
      compiled = Compiled(parameterCount: parameterCount, step: step, executable: try Executable(step.program))
      return compiled
    }
  }

  private static let diverged = FluxionError(
    .diverged, "the server's step took the parameters out of the finite numbers; a lower learning rate may help")
}
