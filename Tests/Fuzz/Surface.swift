import Crypto
import Dispatch
import FluxionCalculus
@testable import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
@testable import FluxionIdentity
import FluxionLearning
@testable import FluxionServer
@testable import FluxionWire
import Foundation
import GRPCCore
import SwiftProtobuf

/// What reads bytes from outside. Whatever it is fed, it reads or refuses; anything else is a finding.
enum Surface: CaseIterable {
  /// What a server makes of a client's messages.
  case server
  /// What a client makes of a server's messages.
  case client
  /// A program in its binary form, as a step.
  case program
  /// A request for a certificate, a token, and a server's answer.
  case enrollment

  static let task = LearningTask(.mlp(hidden: [3], classes: 4), loss: .softmaxCrossEntropy)
  static let input: Shape = [5]
  static let training = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 8)
  static let run = "fuzzing"
  static let samples = 8

  func feed(_ bytes: [UInt8]) {
    switch self {
    case .server: wait { await Self.converse(Messages.split(bytes)) }
    case .client: Self.listen(Messages.split(bytes))
    case .program: Self.decode(bytes)
    case .enrollment: Self.enroll(bytes)
    }
  }

  private func wait(_ body: @escaping @Sendable () async -> Void) {
    let done = DispatchSemaphore(value: 0)
    Task {
      await body()
      done.signal()
    }
    done.wait()
  }
}

// MARK: - Server

extension Surface {
  static func transport() throws -> GRPCTransport {
    var configuration = try GRPCTransport.Configuration(parties: ["a", "b"], run: run)
    (configuration.firstTask, configuration.counted) = (2, (1, [0]))
    return try GRPCTransport(task, input: input, configuration)
  }

  private static func converse(_ messages: [[UInt8]]) async {
    do {
      let transport = try transport()
      let count = transport.layout.count
      try transport.train(
        TrainingRequest(
          round: 2, clients: [0], plan: RoundPlan(work: .training(training)),
          parameters: task.initialParameters(input: input, key: RandomKey(seed: 1)), key: RandomKey(seed: 2))
      ) { batch in
        // As the coordinator does: what cannot be folded in is refused.
        var sum = ExactMean().makeAccumulator(count: count)
        let isFolded = (try? batch.updates.fold(into: &sum, weighting: .samples)) != nil
        batch.updates.answer(
          batch.reports.map { _ in isFolded ? .accepted : .refused(ClientFailure(.malformed, "no update")) })
      }
      let stream = ClientStream()
      var conversation: Conversation?
      defer { conversation?.end() }
      for message in try Messages.mended(messages, of: Fluxion_V1_ClientMessage.self) {
        if conversation == nil {
          var introduction = honest
          if case .hello(let hello) = message.kind { introduction = try Introduction(hello) }
          let party = try transport.connect(stream, as: introduction)
          conversation = Conversation(transport, stream, party, introduction)
          if case .hello = message.kind { continue }
        }
        try await conversation?.receive(message)
      }
      transport.roundRecorded(2)
    } catch is RPCError {
    } catch is FluxionError {
    } catch is SwiftProtobufError {
    } catch is BinaryDecodingError {
    } catch { fatalError("an error of another kind: \(error)") }
  }

  static var honest: Introduction {
    Introduction(name: "a", samples: samples, exampleShape: input, classCount: 4)
  }
}

// MARK: - Client

extension Surface {
  private static func listen(_ messages: [[UInt8]]) {
    do {
      var stream = ServerStream(maximumByteCount: 1 << 20)
      var work = WorkInHand()
      for message in try Messages.mended(messages, of: Fluxion_V1_ServerMessage.self) {
        switch try stream.receive(message) {
        case .task(let arrived):
          _ = work.begin(arrived.work)
          if case .failure(let error) = arrived.task {
            _ = work.report(on: arrived.work) { .failure(Fluxion_V1_Failure($0, error)) }
          }
        case .verdict(let verdict): _ = work.end(verdict.task)
        case .withdrawn(let task): _ = work.end(task)
        default: break
        }
      }
    } catch is FluxionError {
    } catch is SwiftProtobufError {
    } catch is BinaryDecodingError {
    } catch { fatalError("an error of another kind: \(error)") }
  }
}

// MARK: - Programs and identities

extension Surface {
  private static func decode(_ bytes: [UInt8]) {
    guard let program = try? Program(decoding: bytes) else { return }
    guard (try? Program(decoding: program.encoded()))?.encoded() == program.encoded() else {
      fatalError("a program that was read is not written as it was")
    }
    guard let signature = try? step().signature() else { fatalError("there is no step") }
    _ = try? StepProgram(program, signature)
  }

  static func step() throws -> StepProgram { try training.steps(of: task, input: input)(8) }

  private static func enroll(_ bytes: [UInt8]) {
    _ = try? SigningRequest(derEncoded: bytes)
    _ = try? JoinToken(String(decoding: bytes, as: UTF8.self))
    guard let answer = try? Fluxion_V1_Credential(serializedBytes: bytes) else { return }
    _ = try? PartyIdentity(
      name: answer.party, key: P256.Signing.PrivateKey(), certificate: Array(answer.certificate),
      authority: Array(answer.authority), trusted: Fingerprint(of: Array(answer.authority)))
  }
}
