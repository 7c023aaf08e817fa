extension StoredValue {
  /// What `Codable` sees of a value.
  ///
  /// - Throws: what the value's own encoding throws.
  init(encoding value: some Encodable) throws {
    let slot = StoredSlot()
    try slot.put(value, at: [])
    self = slot.value
  }
}

/// Where a value is being put together.
private final class StoredSlot {
  private enum Content {
    case single(StoredValue)
    case list([StoredSlot])
    case object([String: StoredSlot])
  }

  private var content = Content.object([:])

  var value: StoredValue {
    switch content {
    case .single(let value): value
    case .list(let slots): .list(slots.map(\.value))
    case .object(let slots): .object(slots.mapValues(\.value))
    }
  }

  var count: Int { if case .list(let slots) = content { slots.count } else { 0 } }

  func put(_ value: StoredValue) { content = .single(value) }

  func put<T: Encodable>(_ value: T, at path: [any CodingKey]) throws {
    // As one block, and not as a slot for each of a million elements.
    if T.self == [Float].self, let floats = value as? [Float] {
      content = .single(.floats(floats))
    } else {
      try value.encode(to: StoredEncoder(slot: self, codingPath: path))
    }
  }

  func beginList() { content = .list([]) }

  func beginObject() { if case .object = content {} else { content = .object([:]) } }

  func append() -> StoredSlot {
    let slot = StoredSlot()
    guard case .list(var slots) = content else { return slot }
    content = .list([])
    slots.append(slot)
    content = .list(slots)
    return slot
  }

  func member(_ name: String) -> StoredSlot {
    let slot = StoredSlot()
    guard case .object(var slots) = content else { return slot }
    content = .object([:])
    slots[name] = slot
    content = .object(slots)
    return slot
  }
}

private struct StoredEncoder: Encoder {
  let slot: StoredSlot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.beginObject()
    return KeyedEncodingContainer(Keyed(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.beginList()
    return Unkeyed(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(slot: slot, codingPath: codingPath) }
}

extension StoredSlot {
  func put(_ value: Bool) { put(.flag(value)) }
  func put(_ value: String) { put(.text(value)) }
  func put(_ value: Double) { put(.double(value.bitPattern)) }
  func put(_ value: Float) { put(.float(value.bitPattern)) }
  func put(_ value: some SignedInteger) { put(.integer(Int64(value))) }
  func put(_ value: some UnsignedInteger) { put(.unsigned(UInt64(value))) }
}

private struct Single: SingleValueEncodingContainer {
  let slot: StoredSlot
  let codingPath: [any CodingKey]

  func encodeNil() { slot.put(.null) }
  func encode(_ value: Bool) { slot.put(value) }
  func encode(_ value: String) { slot.put(value) }
  func encode(_ value: Double) { slot.put(value) }
  func encode(_ value: Float) { slot.put(value) }
  func encode(_ value: Int) { slot.put(value) }
  func encode(_ value: Int8) { slot.put(value) }
  func encode(_ value: Int16) { slot.put(value) }
  func encode(_ value: Int32) { slot.put(value) }
  func encode(_ value: Int64) { slot.put(value) }
  func encode(_ value: UInt) { slot.put(value) }
  func encode(_ value: UInt8) { slot.put(value) }
  func encode(_ value: UInt16) { slot.put(value) }
  func encode(_ value: UInt32) { slot.put(value) }
  func encode(_ value: UInt64) { slot.put(value) }
  func encode<T: Encodable>(_ value: T) throws { try slot.put(value, at: codingPath) }
}

private struct Unkeyed: UnkeyedEncodingContainer {
  let slot: StoredSlot
  let codingPath: [any CodingKey]
  var count: Int { slot.count }

  private func next() -> Single { Single(slot: slot.append(), codingPath: codingPath) }

  func encodeNil() { next().encodeNil() }
  func encode(_ value: Bool) { next().encode(value) }
  func encode(_ value: String) { next().encode(value) }
  func encode(_ value: Double) { next().encode(value) }
  func encode(_ value: Float) { next().encode(value) }
  func encode(_ value: Int) { next().encode(value) }
  func encode(_ value: Int8) { next().encode(value) }
  func encode(_ value: Int16) { next().encode(value) }
  func encode(_ value: Int32) { next().encode(value) }
  func encode(_ value: Int64) { next().encode(value) }
  func encode(_ value: UInt) { next().encode(value) }
  func encode(_ value: UInt8) { next().encode(value) }
  func encode(_ value: UInt16) { next().encode(value) }
  func encode(_ value: UInt32) { next().encode(value) }
  func encode(_ value: UInt64) { next().encode(value) }
  func encode<T: Encodable>(_ value: T) throws { try next().encode(value) }

  func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    superEncoder().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { superEncoder().unkeyedContainer() }
  func superEncoder() -> any Encoder { StoredEncoder(slot: slot.append(), codingPath: codingPath) }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: StoredSlot
  let codingPath: [any CodingKey]

  private func member(_ key: any CodingKey) -> Single {
    Single(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
  }

  func encodeNil(forKey key: Key) { member(key).encodeNil() }
  func encode(_ value: Bool, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: String, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Double, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Float, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Int, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Int8, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Int16, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Int32, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: Int64, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: UInt, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: UInt8, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: UInt16, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: UInt32, forKey key: Key) { member(key).encode(value) }
  func encode(_ value: UInt64, forKey key: Key) { member(key).encode(value) }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try member(key).encode(value) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    superEncoder(forKey: key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    superEncoder(forKey: key).unkeyedContainer()
  }
  func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
  func superEncoder() -> any Encoder { encoder(SuperKey()) }

  private func encoder(_ key: any CodingKey) -> StoredEncoder {
    StoredEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
  }
}

/// Where a class puts what its superclass has.
struct SuperKey: CodingKey {
  var stringValue: String { "super" }
  var intValue: Int? { nil }
  init() {}
  init?(stringValue: String) { nil }
  init?(intValue: Int) { nil }
}
