import FluxionCalculus
import FluxionWire
import Foundation
import SwiftProtobuf
import Testing

/// What `Scripts/fuzz` does for as long as it is let, here for a moment and the same way each time.
@Suite("Bytes from outside", .timeLimit(.minutes(10)))
struct SurfaceTests {
  private static let key = RandomKey(seed: 12)

  /// Conversations of the surfaces that take several messages.
  private static func conversations(of surface: Surface) throws -> [[[UInt8]]] {
    switch surface {
    case .server: try Surface.conversations()
    case .client: try Surface.streams()
    case .enrollment, .credential, .program, .data: []
    }
  }

  @Test("from an honest sender are taken", arguments: Surface.allCases)
  func honest(_ surface: Surface) async throws {
    for seed in try surface.seeds() { #expect(try await surface.feed(seed) == .taken) }
  }

  @Test("and random ones in the place of each message or field, or a length that is none, are refused or read")
  func replaced() async throws {
    var mutator = Mutator(Self.key.folding("replaced"))
    var outcomes: [Surface.Outcome: Int] = [:]
    for surface in [Surface.server, .client] {
      for conversation in try Self.conversations(of: surface) {
        for (index, message) in conversation.enumerated() {
          var changed = (0..<8).map { _ in mutator.bytes(upTo: 80) }
          for place in WireFormat.places(in: message) {
            changed += (0..<4).map { _ in WireFormat.replacing(place, in: message, by: mutator.bytes(upTo: 40)) }
            changed += [1 << 31, 1 << 63, .max].map { WireFormat.declaring($0, at: place, in: message) }
          }
          for bytes in changed {
            var messages = conversation
            messages[index] = bytes
            outcomes[try await surface.feed(Messages.joined(messages)), default: 0] += 1
          }
        }
      }
    }
    for (surface, messages) in [(Surface.enrollment, try Surface.requests()), (.credential, try Surface.answers())] {
      for (index, message) in messages.enumerated() {
        for place in WireFormat.places(in: message) {
          let changed = [
            mutator.bytes(upTo: 80), WireFormat.replacing(place, in: message, by: mutator.bytes(upTo: 40)),
            WireFormat.declaring(1 << 63, at: place, in: message),
          ]
          for bytes in changed { outcomes[try await surface.feed([UInt8(index)] + bytes), default: 0] += 1 }
        }
      }
    }
    // Some fields may hold anything, such as reasons.
    #expect((outcomes[.taken] ?? 0) > 0 && (outcomes[.refused] ?? 0) > 400, "\(outcomes)")
  }

  @Test("and with changes are refused or read, and nothing else", arguments: Surface.allCases)
  func changed(_ surface: Surface) async throws {
    let seeds = try surface.seeds()
    let conversations = try Self.conversations(of: surface)
    var outcomes: [Surface.Outcome: Int] = [:]
    let key = Self.key.folding("changed", Surface.allCases.firstIndex(of: surface) ?? 0)
    for turn in 0..<2000 {
      var mutator = Mutator(key.folding("turn", turn))
      let bytes =
        conversations.isEmpty
        ? mutator.changed(seeds[turn % seeds.count])
        : Messages.joined(mutator.messages(conversations[turn % conversations.count]))
      outcomes[try await surface.feed(bytes), default: 0] += 1
    }
    // If none were taken, the bytes would not get far; but what is signed bears no change.
    let isSigned = [.enrollment, .credential].contains(surface)
    #expect((outcomes[.taken] ?? 0) > (isSigned ? -1 : 0) && (outcomes[.refused] ?? 0) > 100, "\(surface): \(outcomes)")
  }

  @Test("are of every message of the protocol")
  func complete() throws {
    var visitor = MessageNames()
    for conversation in try Surface.conversations().joined() {
      try visitor.visit(Fluxion_V1_ClientMessage(serializedBytes: conversation))
    }
    for stream in try Surface.streams().joined() {
      try visitor.visit(Fluxion_V1_ServerMessage(serializedBytes: stream))
    }
    let requests = try Surface.requests()
    try visitor.visit(Fluxion_V1_EnrollRequest(serializedBytes: requests[0]))
    try visitor.visit(Fluxion_V1_RenewRequest(serializedBytes: requests[1]))
    try visitor.visit(Fluxion_V1_Credential(serializedBytes: try Surface.answers()[0]))
    let file = URL(filePath: #filePath).appending(path: "../../../Protocol/fluxion.proto").standardized
    let declared = try String(contentsOf: file, encoding: .utf8).matches(of: /^message (\w+)/.anchorsMatchLineEndings())
      .map { String($0.1) }
    #expect(declared.count > 20)
    #expect(visitor.names == Set(declared))
  }
}

/// Which messages there are in a message.
private struct MessageNames: Visitor {
  var names: Set<String> = []

  mutating func visit<M: Message>(_ message: M) throws {
    names.insert(String(M.protoMessageName.split(separator: ".").last ?? ""))
    try message.traverse(visitor: &self)
  }

  mutating func visitSingularMessageField<M: Message>(value: M, fieldNumber: Int) throws { try visit(value) }

  mutating func visitMapField<Key, Value: MapValueType>(
    fieldType: _ProtobufMap<Key, Value>.Type, value: _ProtobufMap<Key, Value>.BaseType, fieldNumber: Int
  ) throws {}
  mutating func visitMapField<Key, Value>(
    fieldType: _ProtobufEnumMap<Key, Value>.Type, value: _ProtobufEnumMap<Key, Value>.BaseType, fieldNumber: Int
  ) throws where Value.RawValue == Int {}
  mutating func visitMapField<Key, Value>(
    fieldType: _ProtobufMessageMap<Key, Value>.Type, value: _ProtobufMessageMap<Key, Value>.BaseType, fieldNumber: Int
  ) throws { for message in value.values { try visit(message) } }

  mutating func visitSingularDoubleField(value: Double, fieldNumber: Int) throws {}
  mutating func visitSingularInt64Field(value: Int64, fieldNumber: Int) throws {}
  mutating func visitSingularUInt64Field(value: UInt64, fieldNumber: Int) throws {}
  mutating func visitSingularBoolField(value: Bool, fieldNumber: Int) throws {}
  mutating func visitSingularStringField(value: String, fieldNumber: Int) throws {}
  mutating func visitSingularBytesField(value: Data, fieldNumber: Int) throws {}
  mutating func visitSingularEnumField<E: Enum>(value: E, fieldNumber: Int) throws {}
  mutating func visitUnknown(bytes: Data) throws {}
}
