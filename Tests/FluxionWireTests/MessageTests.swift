import FluxionCalculus
import FluxionData
import FluxionFederation
import FluxionLearning
import Foundation
@testable import FluxionWire
import SwiftProtobuf
import Testing

@Suite("Messages")
struct MessageTests {
  static func assignment(_ training: LocalTraining, work: ClientRound.Work = .training) throws -> (
    Assignment, EncodedProgram
  ) {
    let task = LearningTask(.mlp(hidden: [3], classes: 4), loss: .softmaxCrossEntropy)
    let step = try training.steps(of: task, input: [5])(8)
    let program = EncodedProgram(step.program)
    let assignment = Assignment(
      round: 3, task: 77, key: RandomKey(low: 1, high: 2), work: work, training: training,
      signature: try step.signature(), programs: [.init(batchSize: 8, digest: program.digest)])
    return (assignment, program)
  }

  @Test(
    "an assignment comes out as it went in",
    arguments: [
      LocalTraining.sgd(learningRate: 0.1, epochs: 3, batchSize: 8),
      LocalTraining(.adam(learningRate: 0.1), epochs: 1, batchSize: nil, objective: .l2(0.5) + .proximal(0.25)),
    ])
  func assignment(training: LocalTraining) throws {
    let (assignment, _) = try Self.assignment(training)
    let bytes: [UInt8] = try assignment.message(body: .init()).serializedBytes()
    var received = try Assignment(Fluxion_V1_Task(serializedBytes: bytes))
    // Bounds of hyperparameters do not travel: the server has made sure of them.
    for (index, known) in assignment.signature.hyperparameters.enumerated() {
      let sent = received.signature.hyperparameters[index]
      #expect(sent.name == known.name && sent.value == known.value)
      received.signature.hyperparameters[index] = known
    }
    #expect(received == assignment)
  }

  @Test("an assignment that no server makes is refused")
  func absurdAssignments() throws {
    let good = try Self.assignment(.sgd(learningRate: 0.1, batchSize: 8)).0.message(body: .init())
    let changes: [@Sendable (inout Fluxion_V1_Task) -> Void] = [
      { $0.round = 0 }, { $0.round = .max }, { $0.work = nil }, { $0.training.epochs = 0 },
      { $0.training.epochs = 1 << 40 }, { $0.training.batchSize = .max }, { $0.training.step.parameters = 0 },
      { $0.training.step.parameters = .max }, { $0.training.step.hyperparameters[0].value = .nan },
      { $0.training.step.hyperparameters[0].name = String(repeating: "x", count: 200) },
      { $0.training.step.state = [.infinity] }, { $0.training.step.programs[0].sha256 = Data() },
      { $0.training.step.programs[0].batchSize = 0 },
      { $0.training.step.programs = Array(repeating: $0.training.step.programs[0], count: 100) },
    ]
    for change in changes {
      var message = good
      change(&message)
      #expect(throws: FluxionError.self) { try Assignment(message) }
    }
  }

  @Test("a program whose bytes are others than its digest says is refused")
  func programs() throws {
    let (_, program) = try Self.assignment(.sgd(learningRate: 0.1, batchSize: 8))
    var message = program.message
    #expect(try EncodedProgram(message) == program)
    message.encoded[20] ^= 4
    #expect(throws: FluxionError.self) { try EncodedProgram(message) }
  }

  @Test("an introduction comes out as it went in")
  func introduction() throws {
    let known = Introduction(
      name: "hospital-ä", run: "r", samples: 12, exampleShape: [8, 8, 1], classCount: nil, taskInHand: 9, place: 0)
    #expect(try Introduction(known.message) == known)
  }

  @Test("what is told beside an update comes out as it went in")
  func metrics() throws {
    let metrics = ClientMetrics(
      samples: 3, steps: 4, lossSum: -1.5, lossCount: 6, seconds: 0.25, figures: ["a": 1, "b": -2],
      vectors: ["c": [1, -0.0, .leastNonzeroMagnitude], "d": []])
    let update = Fluxion_V1_Update(ReportedTask(run: "r", round: 2, task: 3), metrics, body: .init())
    #expect(try update.metrics(maximumSamples: 10) == metrics)
    #expect(try ReportedTask(update) == ReportedTask(run: "r", round: 2, task: 3))
    #expect(throws: FluxionError.self) { try update.metrics(maximumSamples: 2) }
  }

  @Test("vectors beside an update that are none, too long or too many are refused")
  func absurdVectors() throws {
    let good = Fluxion_V1_Update(
      ReportedTask(run: "r", round: 2, task: 3),
      ClientMetrics(samples: 3, steps: 4, lossSum: 1, lossCount: 6, seconds: 0, vectors: ["c": [1, 2]]), body: .init())
    let changes: [(String, @Sendable (inout Fluxion_V1_Update) -> Void)] = [
      ("finite", { $0.vectors["c"]?.values[1] = .nan }),
      ("finite", { $0.vectors["c"]?.values[0] = -.infinity }),
      ("norm", { $0.vectors["c"]?.values[0] = 1e30 }),
      ("bytes", { $0.vectors[String(repeating: "x", count: 200)] = .init() }),
      ("vectors", { for index in 0..<100 { $0.vectors["\(index)"] = .init() } }),
      ("values", { $0.vectors["c"]?.values = [Float](repeating: 0, count: (1 << 18) + 1) }),
    ]
    _ = try good.metrics(maximumSamples: 10)
    for (part, change) in changes {
      var message = good
      change(&message)
      let error = #expect(throws: FluxionError.self) { try message.metrics(maximumSamples: 10) }
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
  }

  @Test("how tables are read comes out as it went in, and what describes no table is refused")
  func tables() throws {
    let schema = TableSchema(
      columns: [.init(name: "age", fill: 45), .init(name: "sex", categories: ["f", "m"])], label: "outcome",
      classNames: ["ill", "well"], normalization: Normalization(scale: [1, 2, 3], shift: [0, -1, 1]))
    #expect(try TableSchema(Fluxion_V1_Table(schema)) == schema)
    let changes: [@Sendable (inout Fluxion_V1_Table) -> Void] = [
      { $0.scale = [] }, { $0.shift = [1, 2] }, { $0.scale[1] = .nan }, { $0.columns[0].fill = .infinity },
      { $0.columns = Array(repeating: $0.columns[0], count: 100_000) },
    ]
    for change in changes {
      var message = Fluxion_V1_Table(schema)
      change(&message)
      #expect(throws: FluxionError.self) { try TableSchema(message) }
    }
  }

  @Test("a text is cut between characters")
  func cut() {
    #expect("aäb".cut(toBytes: 2) == "a")
    #expect("aäb".cut(toBytes: 3) == "aä")
    #expect("abc".cut(toBytes: 9) == "abc")
  }
}
