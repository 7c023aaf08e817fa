/// Reads the binary form from bytes that may be anything: checks every length against what is left before it
/// allocates, and never reads past the end.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var remaining: Int { bytes.endIndex - position }

  func corrupt(_ what: String) -> FluxionError {
    FluxionError(.corruptData, "encoded program, byte \(position): \(what)")
  }

  mutating func readBytes(_ count: Int, _ what: String) throws(FluxionError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      throw corrupt("\(what) needs \(count) bytes, and \(remaining) are left")
    }
    defer { position += count }
    return bytes[position..<(position + count)]
  }

  mutating func readByte(_ what: String) throws(FluxionError) -> UInt8 {
    let byte = try readBytes(1, what)
    return byte[byte.startIndex]
  }

  mutating func readWord<Word: FixedWidthInteger>(_: Word.Type, _ what: String) throws(FluxionError) -> Word {
    try readBytes(Word.bitWidth / 8, what).reversed().reduce(0) { $0 << 8 | Word(truncatingIfNeeded: $1) }
  }

  /// A varint in its shortest form: a program has one encoding only.
  mutating func readVarint(_ what: String) throws(FluxionError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      let byte = try readByte(what)
      let part = UInt64(byte & 0x7f)
      guard shift < 63 || part <= 1, shift == 0 || byte != 0 else { break }
      value |= part << shift
      if byte & 0x80 == 0 { return value }
    }
    throw corrupt("\(what) is a malformed integer")
  }

  mutating func readInteger(upTo limit: Int, _ what: String) throws(FluxionError) -> Int {
    let value = try readVarint(what)
    guard value <= UInt64(limit) else { throw corrupt("\(what) is \(value), and the limit is \(limit)") }
    return Int(value)
  }

  /// The number of things that follow, each at least one byte long.
  mutating func readCount(upTo limit: Int, _ what: String) throws(FluxionError) -> Int {
    let count = try readInteger(upTo: limit, "number of \(what)")
    guard count <= remaining else { throw corrupt("\(count) \(what) cannot be in \(remaining) bytes") }
    return count
  }

  mutating func readIntegers(upTo limit: Int, _ what: String) throws(FluxionError) -> [Int] {
    let count = try readCount(upTo: Program.EncodingLimits.rank, what)
    var values: [Int] = []
    for _ in 0..<count { values.append(try readInteger(upTo: limit, what)) }
    return values
  }

  mutating func readFlag(_ what: String) throws(FluxionError) -> Bool {
    switch try readByte(what) {
    case 0: return false
    case 1: return true
    case let byte: throw corrupt("\(what) is \(byte), neither 0 nor 1")
    }
  }

  mutating func readText(_ what: String) throws(FluxionError) -> String {
    let count = try readInteger(upTo: Program.EncodingLimits.nameByteCount, "length of \(what)")
    guard let text = String(validating: try readBytes(count, what), as: UTF8.self) else {
      throw corrupt("\(what) is not UTF-8")
    }
    return text
  }

  mutating func readShape(_ what: String) throws(FluxionError) -> Shape {
    Shape(try readIntegers(upTo: Operation.maximumElementCount, what))
  }

  mutating func readElement(_ what: String) throws(FluxionError) -> ElementType {
    let code = try readByte(what)
    guard let element = ElementType(rawValue: code) else { throw corrupt("\(what) \(code) is unknown") }
    return element
  }

  mutating func readType(_ what: String) throws(FluxionError) -> TensorType {
    let element = try readElement("element type of \(what)")
    let shape = try readShape("shape of \(what)")
    var size = 1
    for extent in shape.dimensions {
      let (product, overflow) = size.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, product <= Operation.maximumElementCount else {
        throw corrupt("\(what) of shape \(shape) is too large")
      }
      size = product
    }
    return TensorType(shape, element)
  }

  mutating func readWindow() throws(FluxionError) -> Window {
    let limit = 1 << 24
    func next(_ reader: inout ByteReader, _ what: String) throws(FluxionError) -> Int {
      try reader.readInteger(upTo: limit, what)
    }
    let kernel = (height: try next(&self, "kernel height"), width: try next(&self, "kernel width"))
    let stride = (height: try next(&self, "vertical stride"), width: try next(&self, "horizontal stride"))
    let (top, bottom) = (try next(&self, "top padding"), try next(&self, "bottom padding"))
    let (left, right) = (try next(&self, "left padding"), try next(&self, "right padding"))
    return Window(kernel: kernel, stride: stride, padding: (top, bottom, left, right))
  }
}
