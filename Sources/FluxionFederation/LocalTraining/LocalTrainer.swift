package import FluxionCalculus
package import FluxionLearning
import Synchronization

/// The compiled training steps of a task, one for each batch size that occurs, shared by all threads.
///
/// A program has static shapes; the smaller last batch of an epoch runs a program of its own size. Programs are traced
/// and compiled when first needed, which takes about a millisecond.
package final class LocalTrainer: Sendable {
  package let task: LearningTask
  package let input: Shape
  package let training: LocalTraining
  package let layout: ParameterLayout
  private let compiled = Mutex<[Int: CompiledStep]>([:])

  package struct CompiledStep: Sendable {
    package let step: StepProgram
    /// The program that runs, where it carries tangents beside the step.
    package let tangents: TangentStepProgram?
    package let executable: Executable
  }

  /// - Throws: ``FluxionError`` if the model, the loss or the optimiser do not fit examples of shape `input`.
  package init(_ task: LearningTask, input: Shape, training: LocalTraining) throws {
    guard training.epochs >= 1 else {
      throw FluxionError(.invalidArgument, "a client trains at least 1 epoch a round; it was given \(training.epochs)")
    }
    if let batchSize = training.batchSize, batchSize < 1 {
      throw FluxionError(.invalidArgument, "a batch has at least 1 example; it was given \(batchSize)")
    }
    for term in training.objective.terms where !(term is ProximalTerm) {
      // What a term reads beside the parameters must come from somewhere; so far that is where the client began.
      guard term.inputs(for: [Program.Input("w", TensorType([1]))]).isEmpty else {
        throw FluxionError(.unsupported, "local training has nothing to give to objective term \(type(of: term))")
      }
    }
    self.task = task
    self.input = input
    self.training = training
    layout = try task.layout(input: input)
    // Finds every misfit before the first round.
    _ = try step(batchSize: min(training.batchSize ?? 1, 1))
  }

  /// The names and values of the scalars that every step takes.
  package func hyperparameters() throws -> [Hyperparameter] { try step(batchSize: 1).step.hyperparameters }

  package func step(batchSize: Int) throws -> CompiledStep {
    if let known = compiled.withLock({ $0[batchSize] }) { return known }
    let step = try task.stepProgram(
      batchSize: batchSize, input: input, optimizer: training.optimizer, objective: training.objective)
    let tangents = training.tangents.isEmpty ? nil : try step.carryingTangents(of: training.tangents)
    let made = CompiledStep(
      step: step, tangents: tangents,
      executable: try Executable(tangents?.program ?? step.program, inPlace: tangents?.inPlace ?? step.inPlace))
    return compiled.withLock { steps in
      if let known = steps[batchSize] { return known }
      steps[batchSize] = made
      return made
    }
  }

  /// Whether another training runs the same programs in the same way, so that only hyperparameters differ.
  package func serves(_ other: LocalTraining) -> Bool {
    training.epochs == other.epochs && training.batchSize == other.batchSize && training.tangents == other.tangents
      && training.optimizer.name == other.optimizer.name
      && training.optimizer.hyperparameters.map(\.name) == other.optimizer.hyperparameters.map(\.name)
      && training.objective.terms.map { "\(type(of: $0))" } == other.objective.terms.map { "\(type(of: $0))" }
  }

  /// The values of all hyperparameters under a training that this trainer serves, in the order of the programs.
  package func values(for training: LocalTraining) throws -> [Float] {
    let given = training.optimizer.hyperparameters + training.objective.terms.flatMap(\.hyperparameters)
    return try hyperparameters().map { known in given.first { $0.name == known.name }?.value ?? known.value }
  }
}
