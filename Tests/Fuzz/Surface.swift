import FluxionCalculus
import FluxionData
import FluxionFederation
import FluxionLearning
import SwiftProtobuf

/// What reads bytes from outside. Whatever it is fed, it reads or refuses; anything else is a ``Finding``.
enum Surface: CaseIterable {
  /// What a server makes of a client's messages.
  case server
  /// What a client makes of a server's messages: tasks are done.
  case client
  /// A program in its binary form without the checksum, as a step that is run.
  case program
  /// What a server makes of who wants to be a party.
  case enrollment
  /// What a party makes of the server's answer, and of a token.
  case credential
  /// Data as they lie in files: tables, and packed images.
  case data

  enum Outcome: Hashable {
    /// As from an honest sender.
    case taken
    case refused
  }

  /// What must not be, other than a crash.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  /// The id of the first task of a server's second life.
  static let taskAtHand: UInt64 = 1 << 32 | 1
  static let task = LearningTask(.mlp(hidden: [3], classes: 4), loss: .softmaxCrossEntropy)
  static let input: Shape = [5]
  static let training = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 8)
  static let run = "fuzzing"
  static let samples = 8

  static func step() throws -> StepProgram { try training.steps(of: task, input: input)(samples) }

  /// - Throws: ``Finding``.
  func feed(_ bytes: [UInt8]) async throws -> Outcome {
    do {
      let isTaken =
        switch self {
        case .server: try await Self.converse(Messages.split(bytes))
        case .client: try Self.listen(Messages.split(bytes))
        case .program: try Self.train(bytes)
        case .enrollment: try await Self.enroll(bytes)
        case .credential: try Self.accept(bytes)
        case .data: try Self.readData(bytes)
        }
      return isTaken ? .taken : .refused
    } catch let finding as Finding {
      throw finding
    } catch {
      guard Self.isRefusal(error) else { throw Finding(description: "an error of another kind: \(error)") }
      return .refused
    }
  }
}
