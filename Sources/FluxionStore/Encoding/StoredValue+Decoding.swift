extension StoredValue {
  /// The value that ``init(encoding:)`` saw so.
  ///
  /// - Throws: `DecodingError` for what no such value looks like.
  func decoded<T: Decodable>(as type: T.Type = T.self) throws -> T { try decoded(type, at: []) }

  fileprivate func decoded<T: Decodable>(_ type: T.Type, at path: [any CodingKey]) throws -> T {
    if T.self == [Float].self, case .floats(let floats) = self, let value = floats as? T { return value }
    return try T(from: StoredDecoder(value: self, codingPath: path))
  }

  fileprivate func mismatch(_ type: Any.Type, _ path: [any CodingKey]) -> DecodingError {
    .typeMismatch(type, DecodingError.Context(codingPath: path, debugDescription: "there is another kind of value"))
  }

  fileprivate func integer<T: FixedWidthInteger>(_ path: [any CodingKey]) throws -> T {
    let number: T? =
      switch self {
      case .integer(let number): T(exactly: number)
      case .unsigned(let number): T(exactly: number)
      default: nil
      }
    guard let number else { throw mismatch(T.self, path) }
    return number
  }

  fileprivate func list(_ path: [any CodingKey]) throws -> [StoredValue] {
    switch self {
    case .list(let values): return values
    // An element may be asked for one by one, by a type that is an array of floats in other clothes.
    case .floats(let values): return values.map { .float($0.bitPattern) }
    default: throw mismatch([StoredValue].self, path)
    }
  }

  fileprivate func members(_ path: [any CodingKey]) throws -> [String: StoredValue] {
    guard case .object(let members) = self else { throw mismatch([String: StoredValue].self, path) }
    return members
  }
}

private struct StoredDecoder: Decoder {
  let value: StoredValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(Keyed(members: try value.members(codingPath), codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    Unkeyed(values: try value.list(codingPath), codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { Single(value: value, codingPath: codingPath) }
}

private struct Single: SingleValueDecodingContainer {
  let value: StoredValue
  let codingPath: [any CodingKey]

  func decodeNil() -> Bool { value == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .flag(let flag) = value else { throw value.mismatch(type, codingPath) }
    return flag
  }

  func decode(_ type: String.Type) throws -> String {
    guard case .text(let text) = value else { throw value.mismatch(type, codingPath) }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    guard case .double(let bits) = value else { throw value.mismatch(type, codingPath) }
    return Double(bitPattern: bits)
  }

  func decode(_ type: Float.Type) throws -> Float {
    guard case .float(let bits) = value else { throw value.mismatch(type, codingPath) }
    return Float(bitPattern: bits)
  }

  func decode(_ type: Int.Type) throws -> Int { try value.integer(codingPath) }
  func decode(_ type: Int8.Type) throws -> Int8 { try value.integer(codingPath) }
  func decode(_ type: Int16.Type) throws -> Int16 { try value.integer(codingPath) }
  func decode(_ type: Int32.Type) throws -> Int32 { try value.integer(codingPath) }
  func decode(_ type: Int64.Type) throws -> Int64 { try value.integer(codingPath) }
  func decode(_ type: UInt.Type) throws -> UInt { try value.integer(codingPath) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try value.integer(codingPath) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try value.integer(codingPath) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try value.integer(codingPath) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try value.integer(codingPath) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try value.decoded(type, at: codingPath) }
}

private struct Unkeyed: UnkeyedDecodingContainer {
  let values: [StoredValue]
  let codingPath: [any CodingKey]
  var currentIndex = 0

  init(values: [StoredValue], codingPath: [any CodingKey]) {
    (self.values, self.codingPath) = (values, codingPath)
  }

  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex >= values.count }

  private mutating func next<T>(_ type: T.Type) throws -> Single {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        type, DecodingError.Context(codingPath: codingPath, debugDescription: "the list is at its end"))
    }
    defer { currentIndex += 1 }
    return Single(value: values[currentIndex], codingPath: codingPath)
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, values[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode(_ type: Bool.Type) throws -> Bool { try next(type).decode(type) }
  mutating func decode(_ type: String.Type) throws -> String { try next(type).decode(type) }
  mutating func decode(_ type: Double.Type) throws -> Double { try next(type).decode(type) }
  mutating func decode(_ type: Float.Type) throws -> Float { try next(type).decode(type) }
  mutating func decode(_ type: Int.Type) throws -> Int { try next(type).decode(type) }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try next(type).decode(type) }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try next(type).decode(type) }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try next(type).decode(type) }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try next(type).decode(type) }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try next(type).decode(type) }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next(type).decode(type) }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next(type).decode(type) }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next(type).decode(type) }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next(type).decode(type) }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next(type).decode(type) }

  mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try superDecoder().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try superDecoder().unkeyedContainer()
  }
  mutating func superDecoder() throws -> any Decoder {
    StoredDecoder(value: try next(StoredValue.self).value, codingPath: codingPath)
  }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [String: StoredValue]
  let codingPath: [any CodingKey]

  var allKeys: [Key] { members.keys.sorted().compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

  private func member(_ key: any CodingKey) throws -> Single {
    guard let value = members[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, DecodingError.Context(codingPath: codingPath, debugDescription: "there is no \(key.stringValue)"))
    }
    return Single(value: value, codingPath: codingPath + [key])
  }

  func decodeNil(forKey key: Key) throws -> Bool { try member(key).decodeNil() }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).decode(type) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).decode(type) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key).decode(type) }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try member(key).decode(type) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).decode(type) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try member(key).decode(type) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try member(key).decode(type) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try member(key).decode(type) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key).decode(type) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try member(key).decode(type) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try member(key).decode(type) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try member(key).decode(type) }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try member(key).decode(type) }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try member(key).decode(type) }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try member(key).decode(type) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try superDecoder(forKey: key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try superDecoder(forKey: key).unkeyedContainer()
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
  func superDecoder() throws -> any Decoder { try decoder(SuperKey()) }

  private func decoder(_ key: any CodingKey) throws -> StoredDecoder {
    StoredDecoder(value: try member(key).value, codingPath: codingPath + [key])
  }
}
