import FluxionCalculus
import FluxionFederation
import FluxionLearning
import FluxionWire
import SwiftProtobuf
import Testing

@testable import FluxionClient

@Suite("What a server sends")
struct ServerStreamTests {
  /// A welcome, a task with everything that belongs to it, and its verdict.
  static func messages(inlineLimit: Int) throws -> [Fluxion_V1_ServerMessage] {
    let (task, input) = (LearningTask(.mlp(hidden: [3], classes: 4), loss: .softmaxCrossEntropy), Shape([5]))
    let training = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 8)
    let step = try training.steps(of: task, input: input)(8)
    let program = EncodedProgram(step.program)
    let parameters = try task.initialParameters(input: input, key: RandomKey(seed: 1))
    let body = OutgoingBody([("parameters", parameters.values)], inlineLimit: inlineLimit)
    let assignment = Assignment(
      round: 1, task: 1, key: RandomKey(seed: 1), work: .training, training: training, signature: try step.signature(),
      programs: [.init(batchSize: 8, digest: program.digest)])
    let welcome = Fluxion_V1_Welcome.with {
      ($0.protocolVersion, $0.run, $0.chunkBytes) = (WireLimits.protocolVersion, "r", 64)
    }
    var kinds: [Fluxion_V1_ServerMessage.OneOf_Kind] = [
      .welcome(welcome), .program(program.message), .task(assignment.message(body: body.declaration)),
    ]
    for chunk in body.chunks(of: 64) { kinds.append(.chunk(chunk)) }
    kinds.append(.verdict(.with { ($0.round, $0.task, $0.kind) = (1, 1, .accepted) }))
    kinds.append(.farewell(.init()))
    return kinds.map { kind in .with { $0.kind = kind } }
  }

  @Test("is a task once its program and all of its body are there", arguments: [0, WireLimits.inlineByteCount])
  func whole(inlineLimit: Int) throws {
    var stream = ServerStream(maximumByteCount: 1 << 20)
    var tasks = 0
    for message in try Self.messages(inlineLimit: inlineLimit) {
      if case .task(let arrived) = try stream.receive(message) {
        _ = try arrived.task.get()
        tasks += 1
      }
    }
    #expect(tasks == 1)
  }
}
