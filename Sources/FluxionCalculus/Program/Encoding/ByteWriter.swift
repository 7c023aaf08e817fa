/// Writes the binary form: integers as little-endian base-128 varints, everything else by its length.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(byte: UInt8) { bytes.append(byte) }

  mutating func write(bytes new: some Sequence<UInt8>) { bytes.append(contentsOf: new) }

  mutating func write<Word: FixedWidthInteger>(word: Word) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Seven bits a byte, the lowest first; the high bit says that more follow.
  mutating func write(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A number that is never negative in a valid program.
  mutating func write(_ value: Int) { write(varint: UInt64(max(value, 0))) }

  mutating func write(_ values: [Int]) {
    write(values.count)
    for value in values { write(value) }
  }

  mutating func write(_ flag: Bool) { write(byte: flag ? 1 : 0) }

  mutating func write(_ text: String) {
    write(text.utf8.count)
    write(bytes: text.utf8)
  }

  mutating func write(_ type: TensorType) {
    write(byte: type.element.rawValue)
    write(type.shape.dimensions)
  }

  mutating func write(_ window: Window) {
    for number in [
      window.kernelHeight, window.kernelWidth, window.strideHeight, window.strideWidth, window.top, window.bottom,
      window.left, window.right,
    ] { write(number) }
  }
}
