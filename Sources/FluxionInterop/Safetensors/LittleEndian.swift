/// Calls `body` with the bytes of `values`, each little-endian.
func withLittleEndianBytes<Result>(
  of values: [Float], _ body: (UnsafeRawBufferPointer) throws -> Result
) rethrows -> Result {
  #if _endian(little)
  try values.withUnsafeBytes(body)
  #else
  try values.map(\.bitPattern.littleEndian).withUnsafeBytes(body)
  #endif
}

/// The floats whose little-endian bytes these are; bytes after the last whole float are left out.
func floats(littleEndian bytes: UnsafeRawBufferPointer) -> [Float] {
  let count = bytes.count / 4
  #if _endian(little)
  return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<(4 * count)]))
    initialized = count
  }
  #else
  return (0..<count).map { index in
    Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
  }
  #endif
}
