import Crypto
import FluxionCalculus
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
    messages.flatMap { [UInt8($0.count & 255), UInt8($0.count >> 8 & 255)] + $0 }
  }

  /// The messages up to the first that is none, with the checksums that a fuzzer cannot guess: of bodies and of programs,
  /// if there were any in their place that begin with an even byte.
  ///
  /// - Returns: the messages, and why there are no more.
  static func mended<Message: Mendable>(
    _ encoded: [[UInt8]], of type: Message.Type
  ) -> (messages: [Message], failure: (any Error)?) {
    var messages: [Message] = []
    var failure: (any Error)?
    do { for bytes in encoded { messages.append(try Message(serializedBytes: bytes)) } } catch { failure = error }
    var digest: Data?
    for index in messages.indices {
      messages[index].mendProgram(&digest)
      guard let body = messages[index].body, isToBeMended(body.sha256) else { continue }
      var bytes = body.data
      for message in messages[(index + 1)...] where UInt64(bytes.count) < body.byteCount {
        guard let data = message.data else { break }
        bytes += data
      }
      messages[index].body?.sha256 = Data(SHA256.hash(data: bytes))
    }
    return (messages, failure)
  }

  static func isToBeMended(_ digest: Data) -> Bool { digest.first.map { $0 % 2 == 0 } ?? false }

  /// A program whose own checksum holds, whatever was done to its bytes.
  static func sealed(_ program: some Collection<UInt8>) -> [UInt8] {
    let content = Array(program.dropLast(8))
    return content + withUnsafeBytes(of: CRC64.checksum(content).littleEndian) { Array($0) }
  }
}

protocol Mendable: SwiftProtobuf.Message {
  var body: Fluxion_V1_Body? { get set }
  /// Of a chunk.
  var data: Data? { get }
  /// Gives a program its checksums, and a task the digest of the program before it.
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
    case .program(let message) where Messages.isToBeMended(message.sha256):
      program.encoded = Data(Messages.sealed(message.encoded))
      let found = Data(SHA256.hash(data: program.encoded))
      (program.sha256, digest) = (found, found)
    case .task(let message):
      guard let digest else { return }
      func mend(_ step: inout Fluxion_V1_Step) {
        for index in step.programs.indices { step.programs[index].sha256 = digest }
      }
      switch message.work {
      case .training: mend(&task.training.step)
      case .gradient: mend(&task.gradient.step)
      case nil: break
      }
    default: break
    }
  }
}
