import FluxionCalculus
@testable import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import Foundation
import GRPCCore
import SwiftProtobuf
import Synchronization

extension Surface {
  /// Whether an error is the answer to bad input, of which a sender learns what was wrong.
  static func isRefusal(_ error: any Error) -> Bool {
    error is FluxionError || error is RPCError || error is SwiftProtobufError || error is BinaryDecodingError
  }
}

// MARK: - Server

extension Surface {
  static var honest: Introduction {
    Introduction(name: "a", samples: samples, exampleShape: input, classCount: 4)
  }

  private static func transport() throws -> GRPCTransport {
    var configuration = try GRPCTransport.Configuration(parties: ["a", "b"], run: run)
    (configuration.life, configuration.counted) = (1, (1, [0]))
    return try GRPCTransport(task, input: input, configuration)
  }

  /// - Returns: whether a report was taken.
  static func converse(_ messages: [[UInt8]]) async throws -> Bool {
    let transport = try transport()
    let count = transport.layout.count
    let isTaken = Mutex(false)
    try transport.train(
      TrainingRequest(
        round: 2, clients: [0], plan: RoundPlan(work: .training(training)),
        parameters: task.initialParameters(input: input, key: RandomKey(seed: 1)), key: RandomKey(seed: 2))
    ) { batch in
      // As the coordinator does: what cannot be folded in is refused.
      var sum = ExactMean().makeAccumulator(count: count)
      let isFolded = (try? batch.updates.fold(into: &sum, weighting: .samples)) != nil
      isTaken.withLock { $0 = isFolded }
      batch.updates.answer(
        batch.reports.map { _ in isFolded ? .accepted : .refused(ClientFailure(.malformed, "no update")) })
    }
    let stream = ClientStream()
    let (decoded, failure) = Messages.mended(messages, of: Fluxion_V1_ClientMessage.self)
    guard let first = decoded.first else { throw failure ?? FluxionError(.corruptData, "there are no messages") }
    var (introduction, isIntroduced) = (honest, false)
    if case .hello(let hello) = first.kind { (introduction, isIntroduced) = (try Introduction(hello), true) }
    let party = try transport.connect(stream, as: introduction)
    var conversation = Conversation(transport, stream, party, introduction)
    let end = await Self.refusal {
      for message in decoded.dropFirst(isIntroduced ? 1 : 0) {
        try await conversation.receive(message)
      }
      if let failure { throw failure }
    }
    conversation.end()
    transport.disconnect(stream, party)
    transport.roundRecorded(2)
    // All places are free again: as many are taken at once as there are.
    for _ in 0..<transport.configuration.updatesAtOnce { try await transport.slots.take() }
    if let end { throw end }
    return isTaken.withLock { $0 }
  }

  private static func refusal(_ body: () async throws -> Void) async -> (any Error)? {
    do { try await body() } catch { return error }
    return nil
  }
}

// MARK: - Client

extension Surface {
  /// - Returns: whether a task was done, and the server said goodbye.
  static func listen(_ messages: [[UInt8]]) throws -> Bool {
    var stream = ServerStream(maximumByteCount: memory)
    var work = WorkInHand()
    var isDone = false
    let (decoded, failure) = Messages.mended(messages, of: Fluxion_V1_ServerMessage.self)
    for message in decoded {
      switch try stream.receive(message) {
      case .task(let arrived):
        guard case .train = work.begin(arrived.work) else { continue }
        do {
          let ready = try arrived.task.get()
          try run(ready.assignment, ready.steps, ready.parameters)
          isDone = true
        } catch {
          guard let error = error as? FluxionError else { throw error }
          _ = work.report(on: arrived.work) { .failure(Fluxion_V1_Failure($0, error)) }
        }
      case .verdict(let verdict): _ = work.end(verdict.task)
      case .withdrawn(let task): _ = work.end(task)
      case .farewell: return isDone
      case .joined, .proceed, nil: break
      }
    }
    if let failure { throw failure }
    return false
  }

  /// What a task may need, so that a run stays short.
  private static let memory = 1 << 20

  static func run(_ assignment: Assignment, _ steps: [StepProgram], _ parameters: [Float]) throws {
    // A long work is no fault, but nothing to wait for.
    guard assignment.epochs <= 2 else { throw FluxionError(.unsupported, "so many epochs are not run here") }
    let features = (0..<(samples * input.count)).map { Float($0 % 7) - 3 }
    let data = try Dataset(
      name: "fuzzing", features: features, exampleShape: input,
      targets: .classes(labels: (0..<Int32(samples)).map { $0 % 4 }, classCount: 4))
    let (metrics, update) = try TaskRunner(data.all, maximumProgramMemory: memory)
      .run(assignment, steps, parameters: parameters)
    guard update.allSatisfy(\.isFinite) else { throw Finding(description: "an update that is not finite is sent") }
    guard metrics.samples == samples else { throw Finding(description: "\(metrics.samples) samples are claimed") }
  }

  static func train(_ bytes: [UInt8]) throws -> Bool {
    let program = try Program(decoding: Messages.sealed(bytes + [UInt8](repeating: 0, count: 8)))
    guard (try? Program(decoding: program.encoded()))?.encoded() == program.encoded() else {
      throw Finding(description: "a program that was read is not written as it was")
    }
    let signature = try step().signature()
    let step = try StepProgram(program, signature)
    guard step.parameters.count <= memory / 4 else { throw FluxionError(.unsupported, "the model is too large") }
    let assignment = Assignment(
      round: 1, task: 1, key: RandomKey(seed: 1), work: .training, training: training, signature: signature,
      programs: [.init(batchSize: step.batchSize, digest: EncodedProgram(program).digest)])
    try run(assignment, [step], [Float](repeating: 0.25, count: step.parameters.count))
    return true
  }
}
