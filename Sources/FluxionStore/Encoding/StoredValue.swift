import FluxionCalculus

/// A value on its way to a checkpoint: what Swift's `Codable` sees of it, with vectors of floats as they are.
///
/// The binary form is exact (floats keep their bits, NaN too) and depends on the value alone: members of objects stand
/// in the order of their names. A value is a byte that says its kind, then, little-endian:
///
/// | kind | | what follows |
/// |---|---|---|
/// | 0 | null | |
/// | 1, 2 | false, true | |
/// | 3, 4 | integer | 8 bytes, signed or unsigned |
/// | 5, 6 | number | the 4 or 8 bytes of the float |
/// | 7 | text | count of bytes, UTF-8 |
/// | 8 | floats | count, then 4 bytes each |
/// | 9 | list | count, then the values |
/// | 10 | object | count, then names (as texts without their kind) and values in turn |
///
/// A count takes 8 bytes.
enum StoredValue: Equatable {
  case null
  case flag(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case float(UInt32)
  case double(UInt64)
  case text(String)
  case floats([Float])
  case list([StoredValue])
  case object([String: StoredValue])
}

// MARK: Writing

extension StoredValue {
  /// Writes the binary form behind what is there.
  func write(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes.append(0)
    case .flag(let flag): bytes.append(flag ? 2 : 1)
    case .integer(let number): Self.write(3, UInt64(bitPattern: number), to: &bytes)
    case .unsigned(let number): Self.write(4, number, to: &bytes)
    case .float(let bits):
      bytes.append(5)
      withUnsafeBytes(of: bits.littleEndian) { bytes.append(contentsOf: $0) }
    case .double(let bits): Self.write(6, bits, to: &bytes)
    case .text(let text):
      bytes.append(7)
      Self.write(text, to: &bytes)
    case .floats(let values):
      Self.write(8, UInt64(values.count), to: &bytes)
      #if _endian(little)
      values.withUnsafeBytes { bytes.append(contentsOf: $0) }
      #else
      for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
      #endif
    case .list(let values):
      Self.write(9, UInt64(values.count), to: &bytes)
      for value in values { value.write(to: &bytes) }
    case .object(let members):
      Self.write(10, UInt64(members.count), to: &bytes)
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        Self.write(name, to: &bytes)
        value.write(to: &bytes)
      }
    }
  }

  private static func write(_ kind: UInt8, _ number: UInt64, to bytes: inout [UInt8]) {
    bytes.append(kind)
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: text.utf8)
  }

  /// About how many bytes the binary form takes, so that they are reserved once.
  var byteCount: Int {
    switch self {
    case .text(let text): 9 + text.utf8.count
    case .floats(let values): 9 + 4 * values.count
    case .list(let values): values.reduce(9) { $0 + $1.byteCount }
    case .object(let members): members.reduce(9) { $0 + 8 + $1.key.utf8.count + $1.value.byteCount }
    default: 9
    }
  }
}

// MARK: Reading

extension StoredValue {
  /// Reads a binary form that takes all of the bytes.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for bytes that are none.
  init(decoding bytes: UnsafeRawBufferPointer) throws {
    var reader = Reader(bytes: bytes)
    self = try reader.value(depth: 0)
    guard reader.position == bytes.count else { throw Reader.failure("bytes follow its end") }
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    static let maximumDepth = 100

    static func failure(_ what: String) -> FluxionError {
      FluxionError(.corruptData, "a stored value cannot be read: \(what)")
    }

    mutating func value(depth: Int) throws -> StoredValue {
      guard depth < Self.maximumDepth else { throw Self.failure("it is nested too deeply") }
      switch try take(1)[0] {
      case 0: return .null
      case 1: return .flag(false)
      case 2: return .flag(true)
      case 3: return .integer(Int64(bitPattern: try number()))
      case 4: return .unsigned(try number())
      case 5: return .float(UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self)))
      case 6: return .double(try number())
      case 7: return .text(try text())
      case 8: return .floats(try floats())
      case 9:
        let count = try count(ofBytesEach: 1)
        return .list(try (0..<count).map { _ in try value(depth: depth + 1) })
      case 10:
        let count = try count(ofBytesEach: 9)
        var members = [String: StoredValue](minimumCapacity: count)
        for _ in 0..<count {
          let name = try text()
          members[name] = try value(depth: depth + 1)
        }
        return .object(members)
      case let kind: throw Self.failure("there is no kind \(kind)")
      }
    }

    private mutating func floats() throws -> [Float] {
      let count = try count(ofBytesEach: 4)
      let source = try take(4 * count)
      #if _endian(little)
      return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
        initialized = count
      }
      #else
      return (0..<count).map {
        Float(bitPattern: UInt32(littleEndian: source.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
      #endif
    }

    private mutating func text() throws -> String {
      let utf8 = try take(count(ofBytesEach: 1))
      guard let text = String(validating: utf8, as: UTF8.self) else { throw Self.failure("a text is not UTF-8") }
      return text
    }

    private mutating func number() throws -> UInt64 {
      UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
    }

    /// How many follow that take at least so many bytes each; never more than there are bytes for.
    private mutating func count(ofBytesEach size: Int) throws -> Int {
      let count = try number()
      guard count <= UInt64((bytes.count - position) / size) else { throw Self.failure("it ends too early") }
      return Int(count)
    }

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
      guard count <= bytes.count - position else { throw Self.failure("it ends too early") }
      defer { position += count }
      return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }
  }
}
