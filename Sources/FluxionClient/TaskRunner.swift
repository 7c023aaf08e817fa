import FluxionCalculus
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionWire
import Foundation

/// Makes a server's task ready to run on the client's data, and runs it; one thread's memory.
///
/// Steps are compiled once and serve as long as the server sends the same programs.
final class TaskRunner {
  private let data: DatasetView
  private let maximumProgramMemory: Int
  private var memory = ClientRoundMemory()
  private var known: (identity: Identity, trainer: LocalTrainer)?

  /// What makes two tasks run the same steps in the same way.
  private struct Identity: Hashable {
    var work: ClientRound.Work
    var epochs: Int
    var batchSize: Int?
    var signature: StepSignature
    var programs: [Assignment.ProgramReference]

    init(_ assignment: Assignment) {
      work = assignment.work
      (epochs, batchSize) = (assignment.epochs, assignment.batchSize)
      signature = assignment.signature
      for index in signature.hyperparameters.indices { signature.hyperparameters[index].value = 0 }
      programs = assignment.programs
    }
  }

  init(_ data: DatasetView, maximumProgramMemory: Int) {
    self.data = data
    self.maximumProgramMemory = maximumProgramMemory
  }

  /// Whether the work is done on these examples.
  func holds(_ examples: DatasetView) -> Bool { data.dataset.isIdentical(to: examples.dataset) }

  /// - Parameters:
  ///   - steps: those that the assignment refers to.
  ///   - beforeStep: called before each step of the training; may wait, and ends the work by throwing.
  /// - Returns: metrics, and the update.
  /// - Throws: ``FluxionError`` if the task cannot be done with this data, or training diverges; what `beforeStep`
  ///   throws.
  func run(
    _ assignment: Assignment, _ steps: [StepProgram], parameters: [Float],
    beforeStep: @escaping @Sendable () throws -> Void = {}
  ) throws -> (metrics: ClientMetrics, update: [Float]) {
    let begin = ContinuousClock.now
    let trainer = try trainer(for: assignment, steps)
    if let place = parameters.firstNonFinite {
      throw FluxionError(.corruptData, "parameter \(place) of the server's model is \(parameters[place])")
    }
    let round = ClientRound(
      round: assignment.round, parameters: parameters, work: assignment.work, trainer: trainer,
      hyperparameters: assignment.signature.hyperparameters.map(\.value))
    var update: [Float] = []
    var metrics = try memory.run(0, data, round, key: assignment.key, beforeStep: beforeStep) { upload in
      switch upload {
      case .change(let values, let start):
        update = [Float](unsafeUninitializedCapacity: values.count) { difference, count in
          for index in values.indices { difference[index] = values[index] - start[index] }
          count = values.count
        }
      case .values(let values): update = Array(values)
      }
    }
    if let place = update.firstNonFinite {
      throw FluxionError(.diverged, "value \(place) of the update became \(update[place])")
    }
    metrics.seconds = (ContinuousClock.now - begin) / .seconds(1)
    return (metrics, update)
  }

  private func trainer(for assignment: Assignment, _ steps: [StepProgram]) throws -> LocalTrainer {
    let identity = Identity(assignment)
    if let known, known.identity == identity { return known.trainer }
    for step in steps { try requireFit(step) }
    if assignment.work == .gradient { try requireGradient(assignment.signature) }
    let needed = BatchOrder.sizes(of: data.count, batchSize: assignment.batchSize)
    guard Set(needed).isSubset(of: Set(steps.map(\.batchSize))) else {
      throw FluxionError(
        .corruptData, "the task's programs are for batches of \(steps.map(\.batchSize)); this data needs \(needed)")
    }
    let training = LocalTraining(
      Optimizer("received", Chain([])), epochs: assignment.epochs, batchSize: assignment.batchSize,
      objective: assignment.signature.hasAnchors ? .proximal(0) : Objective())
    let trainer = try LocalTrainer(training, steps: steps)
    for size in needed {
      let bytes = try trainer.step(batchSize: size).executable.slabByteCount
      guard bytes <= maximumProgramMemory else {
        throw FluxionError(
          .unsupported, "a step needs \(bytes) bytes of memory; this client gives up to \(maximumProgramMemory)")
      }
    }
    known = (identity, trainer)
    return trainer
  }

  /// Refuses programs that this data or this machine is not for, before anything is compiled.
  private func requireFit(_ step: StepProgram) throws {
    let dataset = data.dataset
    let shape = step.program.inputs[step.inputs.x].type.shape.dimensions.dropFirst()
    guard Array(shape) == dataset.exampleShape.dimensions else {
      throw FluxionError(
        .shapeMismatch, "the task is for examples of shape \(Shape(Array(shape))), not \(dataset.exampleShape)")
    }
    if let y = step.inputs.y, step.program.inputs[y].type.element == .int32, dataset.classCount == nil {
      throw FluxionError(.shapeMismatch, "the task needs classes; dataset \"\(dataset.name)\" has numbers as targets")
    }
    // Inputs are held all at once; of the other values only the largest is known before the buffers are planned.
    let inputs = step.program.inputs.reduce(0) { $0 + $1.type.byteCount }
    let largest = step.program.instructions.reduce(inputs) { max($0, $1.type.byteCount) }
    guard largest <= maximumProgramMemory else {
      throw FluxionError(
        .unsupported, "a step needs \(largest) bytes of memory; this client gives up to \(maximumProgramMemory)")
    }
  }

  private func requireGradient(_ signature: StepSignature) throws {
    guard signature.stateFills.count == signature.parameterCount, signature.hyperparameters.count == 1 else {
      throw FluxionError(
        .corruptData,
        "a gradient is summed in one tensor for each parameter, by one hyperparameter; the program is not so")
    }
  }
}

extension [Float] {
  /// The place of the first value that is no finite number. Squares of finite floats cannot overflow a double.
  fileprivate var firstNonFinite: Int? {
    dotProduct(self, self).isFinite ? nil : firstIndex { !$0.isFinite }
  }
}
