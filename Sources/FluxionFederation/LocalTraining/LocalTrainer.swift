package import FluxionCalculus
package import FluxionLearning
import Synchronization

/// The compiled training steps of a task, one for each batch size that occurs, shared by all threads.
///
/// A program has static shapes; the smaller last batch of an epoch runs a program of its own size. Programs are traced
/// and compiled when first needed, which takes about a millisecond. A client that was sent its programs needs no task.
package final class LocalTrainer: Sendable {
  package let training: LocalTraining
  package let layout: ParameterLayout
  /// How the optimiser's state begins.
  package let state: [StateSpec]
  /// The names and values of the scalars that every step takes.
  package let hyperparameters: [Hyperparameter]
  private let source: @Sendable (_ batchSize: Int) throws -> StepProgram
  private let compiled: Mutex<[Int: CompiledStep]>

  package struct CompiledStep: Sendable {
    package let step: StepProgram
    /// The program that runs, where it carries tangents beside the step.
    package let tangents: TangentStepProgram?
    package let executable: Executable

    init(_ step: StepProgram, tangents names: [String]) throws {
      self.step = step
      tangents = names.isEmpty ? nil : try step.carryingTangents(of: names)
      executable = try Executable(tangents?.program ?? step.program, inPlace: tangents?.inPlace ?? step.inPlace)
    }
  }

  /// - Throws: ``FluxionError`` if the model, the loss or the optimiser do not fit examples of shape `input`.
  package convenience init(_ task: LearningTask, input: Shape, training: LocalTraining) throws {
    try training.validate()
    let source = training.steps(of: task, input: input)
    // Finds every misfit before the first round.
    try self.init(training, first: try source(1), source: source)
  }

  /// - Parameter steps: one for each batch size that will occur, of the same parameters, state and hyperparameters.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for no steps, steps that do not belong together or a training that
  ///   cannot be.
  package convenience init(_ training: LocalTraining, steps: [StepProgram]) throws {
    try training.validate()
    let known = Dictionary(steps.map { ($0.batchSize, $0) }) { first, _ in first }
    guard let first = steps.first,
      steps.allSatisfy({
        $0.parameters == first.parameters && $0.state == first.state && $0.hyperparameters == first.hyperparameters
          && $0.program.inputs[$0.inputs.x].type.shape.dimensions.dropFirst()
            == first.program.inputs[first.inputs.x].type.shape.dimensions.dropFirst()
      })
    else {
      throw FluxionError(.invalidArgument, "the steps of a training have the same parameters, state and examples")
    }
    try self.init(training, first: first) { batchSize in
      if let step = known[batchSize] { return step }
      throw FluxionError(.invalidArgument, "there is no step for batches of \(batchSize)")
    }
  }

  private init(
    _ training: LocalTraining, first: StepProgram, source: @escaping @Sendable (_ batchSize: Int) throws -> StepProgram
  ) throws {
    self.training = training
    self.source = source
    (layout, state, hyperparameters) = (first.parameters, first.state, first.hyperparameters)
    compiled = Mutex([first.batchSize: try CompiledStep(first, tangents: training.tangents)])
  }

  package func step(batchSize: Int) throws -> CompiledStep {
    if let known = compiled.withLock({ $0[batchSize] }) { return known }
    let made = try CompiledStep(try source(batchSize), tangents: training.tangents)
    return compiled.withLock { steps in
      if let known = steps[batchSize] { return known }
      steps[batchSize] = made
      return made
    }
  }

  /// Whether another training runs the same programs in the same way, so that only hyperparameters differ.
  package func serves(_ other: LocalTraining) -> Bool { training.runsSameSteps(as: other) }

  /// The values of all hyperparameters under a training that this trainer serves, in the order of the programs.
  package func values(for training: LocalTraining) -> [Float] { training.settings(of: hyperparameters).map(\.value) }
}

extension LocalTraining {
  /// - Throws: ``FluxionError`` for settings that cannot hold.
  package func validate() throws {
    guard epochs >= 1 else {
      throw FluxionError(.invalidArgument, "a client trains at least 1 epoch a round; it was given \(epochs)")
    }
    if let batchSize, batchSize < 1 {
      throw FluxionError(.invalidArgument, "a batch has at least 1 example; it was given \(batchSize)")
    }
    for term in objective.terms where !(term is ProximalTerm) {
      // What a term reads beside the parameters must come from somewhere; so far that is where the client began.
      guard term.inputs(for: [Program.Input("w", TensorType([1]))]).isEmpty else {
        throw FluxionError(.unsupported, "local training has nothing to give to objective term \(type(of: term))")
      }
    }
  }

  /// Whether another training runs the same programs in the same way, so that only hyperparameters differ.
  package func runsSameSteps(as other: LocalTraining) -> Bool {
    epochs == other.epochs && batchSize == other.batchSize && tangents == other.tangents
      && optimizer.name == other.optimizer.name
      && optimizer.hyperparameters.map(\.name) == other.optimizer.hyperparameters.map(\.name)
      && objective.terms.map { "\(type(of: $0))" } == other.objective.terms.map { "\(type(of: $0))" }
  }

  /// The hyperparameters of a step with their values under this training.
  package func settings(of hyperparameters: [Hyperparameter]) -> [Hyperparameter] {
    let given = optimizer.hyperparameters + objective.terms.flatMap(\.hyperparameters)
    return hyperparameters.map { known in given.first { $0.name == known.name } ?? known }
  }

  /// Traces the steps of this training for examples of shape `input`.
  package func steps(of task: LearningTask, input: Shape) -> @Sendable (_ batchSize: Int) throws -> StepProgram {
    { [optimizer, objective] batchSize in
      try task.stepProgram(batchSize: batchSize, input: input, optimizer: optimizer, objective: objective)
    }
  }
}
