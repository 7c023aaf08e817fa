import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import FluxionWire
import GRPCCore
import SwiftProtobuf
import Testing

@testable import FluxionServer

@Suite("What a client sends", .timeLimit(.minutes(2)))
struct ConversationTests {
  private static let task = LearningTask(.linear(outputs: 1), loss: .meanSquaredError)

  /// A server that has handed out round 1 as task 1, and takes what can be folded in.
  private static func transport() throws -> GRPCTransport {
    var configuration = try GRPCTransport.Configuration(parties: ["a"], run: "r")
    configuration.firstTask = 1
    let transport = try GRPCTransport(task, input: [4], configuration)
    let count = transport.layout.count
    try transport.train(
      TrainingRequest(
        round: 1, clients: [0], plan: RoundPlan(work: .training(.sgd(learningRate: 0.1, batchSize: 4))),
        parameters: task.initialParameters(input: [4], key: RandomKey(seed: 1)), key: RandomKey(seed: 2))
    ) { batch in
      var sum = ExactMean().makeAccumulator(count: count)
      let isFolded = (try? batch.updates.fold(into: &sum, weighting: .samples)) != nil
      batch.updates.answer(
        batch.reports.map { _ in isFolded ? .accepted : .refused(ClientFailure(.malformed, "no update")) })
    }
    return transport
  }

  private static let introduction = Introduction(name: "a", samples: 4, exampleShape: [4], classCount: nil)

  private static func messages(inlineLimit: Int) throws -> [[UInt8]] {
    let body = OutgoingBody(
      [("update", [Float](repeating: 0.5, count: try task.layout(input: [4]).count))], inlineLimit: inlineLimit)
    let reported = ReportedTask(run: "r", round: 1, task: 1)
    let update = Fluxion_V1_Update(
      reported,
      ClientMetrics(
        samples: 4, steps: 1, lossSum: 1, lossCount: 4, seconds: 0, figures: ["a": 1], vectors: ["b": [1]]),
      body: body.declaration)
    var kinds: [Fluxion_V1_ClientMessage.OneOf_Kind] = [.update(update)]
    for chunk in body.chunks(of: 8) { kinds.append(.chunk(chunk)) }
    kinds.append(.failure(Fluxion_V1_Failure(reported, FluxionError(.diverged, "no update"))))
    return try kinds.map { kind in try Fluxion_V1_ClientMessage.with { $0.kind = kind }.serializedBytes() }
  }

  @Test(
    "and is damaged, out of order or random gets an answer or ends the stream, and takes no place with it",
    arguments: [0, WireLimits.inlineByteCount])
  func damaged(inlineLimit: Int) async throws {
    var generator = RandomKey(seed: 5).folding("messages").generator()
    let valid = try Self.messages(inlineLimit: inlineLimit)
    for _ in 0..<2000 {
      let transport = try Self.transport()
      var messages = valid
      for _ in 0...Int.random(in: 0...2, using: &generator) {
        let place = Int.random(in: messages.indices, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: messages.swapAt(place, Int.random(in: messages.indices, using: &generator))
        case 1: messages[place] = (0..<40).map { _ in .random(in: 0...255, using: &generator) }
        case 2: messages[place].removeLast(Int.random(in: 0...messages[place].count, using: &generator))
        default:
          guard !messages[place].isEmpty else { break }
          let byte = Int.random(in: messages[place].indices, using: &generator)
          messages[place][byte] = .random(in: 0...255, using: &generator)
        }
      }
      let stream = ClientStream()
      let party = try transport.connect(stream, as: Self.introduction)
      var conversation = Conversation(transport, stream, party, Self.introduction)
      do {
        for message in messages { try await conversation.receive(Fluxion_V1_ClientMessage(serializedBytes: message)) }
      } catch {
        #expect(error is RPCError || error is BinaryDecodingError || error is SwiftProtobufError, "\(error)")
      }
      conversation.end()
      transport.disconnect(stream, party)
      // All places are free again: as many are taken at once as there are.
      for _ in 0..<transport.configuration.updatesAtOnce { try await transport.slots.take() }
    }
  }
}
