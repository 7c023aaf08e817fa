import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionWire
import Synchronization

/// The programs of a task's steps, traced and encoded once for each size of a batch.
final class ProgramLibrary: Sendable {
  private let task: LearningTask
  private let input: Shape
  private let state = Mutex(State())

  private struct Entry: Sendable {
    let program: EncodedProgram
    let signature: StepSignature
  }

  private struct State {
    /// Whose steps the entries are.
    var training: LocalTraining?
    var entries: [Int: Entry] = [:]
  }

  init(_ task: LearningTask, input: Shape) {
    self.task = task
    self.input = input
  }

  /// What one client is sent of a hand-out: the programs are those of the batches that it will have.
  func parcel(_ handOut: HandOut, for client: Int, samples: Int) throws -> Parcel {
    let request = handOut.request
    let training = request.plan.work.training
    let sizes = BatchOrder.sizes(of: samples, batchSize: training.batchSize)
    let entries = try sizes.map { (size: $0, entry: try entry(batchSize: $0, training)) }
    guard var signature = entries.first?.entry.signature else {
      throw FluxionError(.invalidArgument, "a client without samples has nothing to train on")
    }
    signature.hyperparameters = training.settings(of: signature.hyperparameters)
    let assignment = Assignment(
      round: request.round, task: handOut.task, key: request.key.folding("client", client),
      work: request.plan.work.kind, training: training, signature: signature,
      programs: entries.map { .init(batchSize: $0.size, digest: $0.entry.program.digest) })
    return Parcel(assignment: assignment, programs: entries.map(\.entry.program), body: handOut.body)
  }

  private func entry(batchSize: Int, _ training: LocalTraining) throws -> Entry {
    let known = state.withLock { state in
      if state.training?.runsSameSteps(as: training) != true {
        state.training = training
        state.entries.removeAll()
      }
      return state.entries[batchSize]
    }
    if let known { return known }
    try training.validate()
    let step = try training.steps(of: task, input: input)(batchSize)
    let program = EncodedProgram(step.program)
    guard program.bytes.count <= WireLimits.programByteCount else {
      throw FluxionError(
        .unsupported,
        "the program of a step has \(program.bytes.count) bytes; up to \(WireLimits.programByteCount) can be sent")
    }
    let made = Entry(program: program, signature: try step.signature())
    return state.withLock { state in
      if state.training?.runsSameSteps(as: training) == true { state.entries[batchSize] = made }
      return made
    }
  }
}

/// A task on its way to one client.
struct Parcel: Sendable {
  let assignment: Assignment
  let programs: [EncodedProgram]
  let body: OutgoingBody
}
