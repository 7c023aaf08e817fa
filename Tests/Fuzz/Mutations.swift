import FluxionCalculus

/// Changes valid inputs much as libFuzzer does, and the same way each time.
struct Mutator {
  private var generator: CounterBasedGenerator

  init(_ key: RandomKey) { generator = key.generator() }

  mutating func below(_ count: Int) -> Int { Int.random(in: 0..<max(count, 1), using: &generator) }

  mutating func bytes(upTo count: Int) -> [UInt8] {
    (0..<below(count + 1)).map { _ in .random(in: 0...255, using: &generator) }
  }

  /// An input of several messages with some of them changed or in other places.
  mutating func messages(_ valid: [[UInt8]]) -> [[UInt8]] {
    var messages = valid
    for _ in 0...below(3) where !messages.isEmpty {
      let place = below(messages.count)
      switch below(8) {
      case 0: messages.swapAt(place, below(messages.count))
      case 1: messages.insert(messages[place], at: below(messages.count))
      case 2: messages.remove(at: place)
      case 3: messages[place] = bytes(upTo: 80)
      case 4:
        let inner = WireFormat.places(in: messages[place])
        guard !inner.isEmpty else { break }
        messages[place] = WireFormat.replacing(inner[below(inner.count)], in: messages[place], by: bytes(upTo: 24))
      default: messages[place] = changed(messages[place])
      }
    }
    return messages
  }

  /// An input with some bytes changed.
  mutating func changed(_ valid: [UInt8]) -> [UInt8] {
    var bytes = valid
    for _ in 0...below(3) where !bytes.isEmpty {
      let place = below(bytes.count)
      switch below(7) {
      case 0: bytes[place] ^= 1 << UInt8(below(8))
      case 1: bytes[place] = .random(in: 0...255, using: &generator)
      case 2: bytes[place] = [0, 0x7f, 0x80, 0xff][below(4)]
      case 3: bytes.remove(at: place)
      case 4: bytes.removeSubrange(place...)
      case 5: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
      // A number of ten bytes, which is 2⁶⁴ − 1.
      default: bytes.insert(contentsOf: [UInt8](repeating: 0xff, count: 9) + [1], at: place)
      }
    }
    return bytes
  }
}

/// Protobuf's fields as they lie in bytes, whatever their messages.
enum WireFormat {
  /// A field that has a length: texts, bytes and messages. Those of a message within are found under its own.
  typealias Place = [Int]

  private struct Field {
    /// Tag and length, and what they are of.
    var tag: [UInt8]
    var content: [UInt8]
    var hasLength: Bool
  }

  /// The fields that have a length, also within one another.
  static func places(in message: [UInt8]) -> [Place] {
    (fields(of: message) ?? []).enumerated().flatMap { index, field -> [Place] in
      field.hasLength ? [[index]] + places(in: field.content).map { [index] + $0 } : []
    }
  }

  /// The message with a field's content exchanged; all lengths are right.
  static func replacing(_ place: Place, in message: [UInt8], by content: [UInt8]) -> [UInt8] {
    changing(place, in: message) { $0.tag + varint(UInt64(content.count)) + content }
  }

  /// The message with a field that is said to have so many bytes, and has those that it had.
  static func declaring(_ byteCount: UInt64, at place: Place, in message: [UInt8]) -> [UInt8] {
    changing(place, in: message) { $0.tag + varint(byteCount) + $0.content }
  }

  private static func changing(_ place: Place, in message: [UInt8], _ change: (Field) -> [UInt8]) -> [UInt8] {
    guard let first = place.first, let fields = fields(of: message) else { return message }
    return fields.enumerated().flatMap { index, field -> [UInt8] in
      guard index == first else {
        return field.tag + (field.hasLength ? varint(UInt64(field.content.count)) : []) + field.content
      }
      guard place.count > 1 else { return change(field) }
      let content = changing(Array(place.dropFirst()), in: field.content, change)
      return field.tag + varint(UInt64(content.count)) + content
    }
  }

  /// nil for bytes that are no message.
  private static func fields(of message: [UInt8]) -> [Field]? {
    var rest = message[...]
    var fields: [Field] = []
    while !rest.isEmpty {
      let start = rest
      guard let tag = readVarint(&rest), tag >> 3 > 0 else { return nil }
      var field = Field(tag: Array(start.prefix(rest.startIndex - start.startIndex)), content: [], hasLength: false)
      let count: Int
      switch tag & 7 {
      case 0:
        let before = rest
        guard readVarint(&rest) != nil else { return nil }
        count = rest.startIndex - before.startIndex
        rest = before
      case 1: count = 8
      case 5: count = 4
      case 2:
        guard let length = readVarint(&rest).flatMap({ Int(exactly: $0) }) else { return nil }
        (count, field.hasLength) = (length, true)
      default: return nil
      }
      guard count <= rest.count else { return nil }
      field.content = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
      fields.append(field)
    }
    return fields
  }

  private static func readVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }

  static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
