import Crypto
import FluxionWire
import Foundation
import SwiftProtobuf

/// Several messages in one input: each behind its length, two bytes of which the lower comes first.
enum Messages {
  static func split(_ bytes: [UInt8]) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    var rest = bytes[...]
    while rest.count >= 2 {
      let count = Int(rest.removeFirst()) | Int(rest.removeFirst()) << 8
      messages.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return messages
  }

  static func joined(_ messages: [[UInt8]]) -> [UInt8] {
    messages.flatMap { [UInt8($0.count & 255), UInt8($0.count >> 8)] + $0 }
  }

  /// The messages, with the digests that a fuzzer cannot guess: of bodies and of programs, if there were any in their
  /// place that begin with an even byte.
  static func mended<Message: Mendable>(_ encoded: [[UInt8]], of type: Message.Type) throws -> [Message] {
    var messages = try encoded.map { try Message(serializedBytes: $0) }
    var digest: Data?
    for index in messages.indices {
      messages[index].mendProgram(&digest)
      guard let body = messages[index].body, body.sha256.first.map({ $0 % 2 == 0 }) ?? false else { continue }
      var bytes = Data()
      for message in messages[(index + 1)...] where UInt64(bytes.count) < body.byteCount {
        guard let data = message.data else { break }
        bytes += data
      }
      messages[index].body?.sha256 = Data(SHA256.hash(data: bytes))
    }
    return messages
  }
}

protocol Mendable: SwiftProtobuf.Message {
  var body: Fluxion_V1_Body? { get set }
  /// Of a chunk.
  var data: Data? { get }
  /// Gives a program its digest, and a task the digest of the program before it.
  mutating func mendProgram(_ digest: inout Data?)
}

extension Fluxion_V1_ClientMessage: Mendable {
  var body: Fluxion_V1_Body? {
    get { if case .update(let update) = kind, update.hasBody { update.body } else { nil } }
    set { if let newValue { update.body = newValue } }
  }

  var data: Data? { if case .chunk(let chunk) = kind { chunk.data } else { nil } }

  mutating func mendProgram(_ digest: inout Data?) {}
}

extension Fluxion_V1_ServerMessage: Mendable {
  var body: Fluxion_V1_Body? {
    get { if case .task(let task) = kind, task.hasBody { task.body } else { nil } }
    set { if let newValue { task.body = newValue } }
  }

  var data: Data? { if case .chunk(let chunk) = kind { chunk.data } else { nil } }

  mutating func mendProgram(_ digest: inout Data?) {
    switch kind {
    case .program(let message) where message.sha256.first.map({ $0 % 2 == 0 }) ?? false:
      digest = Data(SHA256.hash(data: message.encoded))
      program.sha256 = digest ?? Data()
    case .task(let message):
      guard let digest, case .training(let training) = message.work else { return }
      task.training = training
      for index in training.step.programs.indices { task.training.step.programs[index].sha256 = digest }
    default: break
    }
  }
}
