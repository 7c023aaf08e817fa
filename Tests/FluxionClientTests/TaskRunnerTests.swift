import FluxionCalculus
@testable import FluxionClient
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionWire
import Synchronization
import Testing

@Suite("A client's work")
struct TaskRunnerTests {
  private static let task = LearningTask(.mlp(hidden: [4], classes: 10), loss: .softmaxCrossEntropy)
  private static let training = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 8)

  private struct Sent {
    var assignment: Assignment
    var steps: [StepProgram]
    var parameters: [Float]
  }

  private static func sent(
    _ task: LearningTask = task, input: Shape = [8, 8, 1], sizes: [Int] = [8, 4]
  ) throws -> Sent {
    let steps = try sizes.map { try training.steps(of: task, input: input)($0) }
    let assignment = Assignment(
      round: 1, task: 1, key: RandomKey(seed: 1), work: .training, training: training,
      signature: try steps[0].signature(),
      programs: steps.map { .init(batchSize: $0.batchSize, digest: EncodedProgram($0.program).digest) })
    let parameters = try task.initialParameters(input: input, key: RandomKey(seed: 2))
    return Sent(assignment: assignment, steps: steps, parameters: parameters.values)
  }

  private static func data(_ count: Int = 20) throws -> DatasetView { try Dataset.digits().subset(0..<count) }

  @Test("trains by programs alone, as one who has the model")
  func trains() throws {
    let sent = try Self.sent()
    let data = try Self.data()
    let runner = TaskRunner(data, maximumProgramMemory: 1 << 30)
    let (metrics, update) = try runner.run(sent.assignment, sent.steps, parameters: sent.parameters)
    let worker = ClientWorker(try LocalTrainer(Self.task, input: [8, 8, 1], training: Self.training))
    let result = try sent.parameters.withUnsafeBufferPointer {
      try worker.train(data, from: $0, hyperparameters: [0.1], key: RandomKey(seed: 1))
    }
    #expect(update == zip(worker.parameters, sent.parameters).map { $0 - $1 })
    #expect(metrics.samples == 20)
    #expect(metrics.steps == 3)
    #expect(metrics.lossSum == result.lossSum)
  }

  @Test("work that is ended before one of its steps leaves nothing behind that the next would differ by")
  func ended() throws {
    let sent = try Self.sent()
    let whole = try TaskRunner(Self.data(), maximumProgramMemory: 1 << 30)
      .run(sent.assignment, sent.steps, parameters: sent.parameters)
    let runner = TaskRunner(try Self.data(), maximumProgramMemory: 1 << 30)
    let steps = Mutex(0)
    #expect(throws: CancellationError.self) {
      try runner.run(sent.assignment, sent.steps, parameters: sent.parameters) {
        let step = steps.withLock { steps in
          steps += 1
          return steps
        }
        if step == 3 { throw CancellationError() }
      }
    }
    #expect(steps.withLock { $0 } == 3)
    #expect(try runner.run(sent.assignment, sent.steps, parameters: sent.parameters).update == whole.update)
    #expect(steps.withLock { $0 } == 3)
  }

  @Test("what cannot be done with the data or in the memory is said in a sentence")
  func refuses() throws {
    let data = try Self.data()
    func refusal(
      _ part: String, _ sent: Sent, memory: Int = 1 << 30, data: DatasetView = data
    ) {
      let runner = TaskRunner(data, maximumProgramMemory: memory)
      let error = #expect(throws: FluxionError.self) {
        try runner.run(sent.assignment, sent.steps, parameters: sent.parameters)
      }
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
    refusal("for batches of [8]", try Self.sent(sizes: [8]))
    refusal("shape", try Self.sent(input: [5]))
    refusal("bytes", try Self.sent(), memory: 100)
    var sent = try Self.sent()
    sent.parameters[4] = .nan
    refusal("parameter 4", sent)
    let numbers = try Dataset(
      name: "numbers", features: [Float](repeating: 1, count: 128), exampleShape: [8, 8, 1],
      targets: .values([1, 2]))
    refusal("classes", try Self.sent(sizes: [8, 2]), data: numbers.all)
    sent = try Self.sent()
    sent.assignment.work = .gradient
    refusal("gradient", sent)
  }

  @Test("training that leaves the finite numbers is called divergence")
  func diverges() throws {
    var sent = try Self.sent()
    sent.assignment.signature.hyperparameters[0].value = 1e30
    let runner = TaskRunner(try Self.data(), maximumProgramMemory: 1 << 30)
    let error = #expect(throws: FluxionError.self) {
      try runner.run(sent.assignment, sent.steps, parameters: sent.parameters)
    }
    #expect(error?.code == .diverged)
  }
}
