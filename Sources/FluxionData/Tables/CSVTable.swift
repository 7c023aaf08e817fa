import FluxionCalculus

/// A CSV file cut into fields (RFC 4180), all rows as wide as the header.
struct CSVTable {
  /// Where a field's text lies in the file, without the quotes around it.
  struct Field {
    var start: Int
    var length: Int32
    /// The text has doubled quotes that stand for one.
    var isEscaped: Bool
  }

  let name: String
  let bytes: [UInt8]
  let header: [String]
  /// Row-major: `rowCount * header.count` fields.
  let fields: [Field]
  /// The line each row begins on, counted from 1.
  let lines: [Int32]

  var rowCount: Int { lines.count }
  var columnCount: Int { header.count }

  /// - Throws: `.corruptData` for an empty file, a ragged row, a bad quote or a duplicate column;
  ///   `.invalidArgument` for a delimiter that cannot be one.
  init(_ bytes: [UInt8], name: String, delimiter: Character, hasHeader: Bool) throws {
    // Bytes are compared: "\r\n" is one Character, whose ASCII value is that of "\n".
    guard let separator = delimiter.asciiValue, ![0x0A, 0x0D, 0x22].contains(separator) else {
      throw FluxionError(
        .invalidArgument, "\"\(delimiter)\" cannot separate fields; use one ASCII character such as \",\" or \";\"")
    }
    let cut = try bytes.withUnsafeBufferPointer { buffer in
      var reader = Reader(bytes: buffer, separator: separator, name: name)
      try reader.readAll()
      return (fields: reader.fields, lines: reader.lines, width: reader.width)
    }
    guard cut.width > 0 else {
      throw FluxionError(.corruptData, "\(name) is empty; a table needs a header line and rows")
    }
    self.name = name
    self.bytes = bytes
    if hasHeader {
      header = try Self.columnNames(cut.fields[..<cut.width].map { Self.text($0, in: bytes) }, name: name)
      fields = Array(cut.fields[cut.width...])
      lines = Array(cut.lines.dropFirst())
    } else {
      header = (1...cut.width).map { "column \($0)" }
      fields = cut.fields
      lines = cut.lines
    }
    guard !lines.isEmpty else {
      throw FluxionError(.corruptData, "\(name) has a header line but no rows")
    }
  }

  private static func columnNames(_ texts: [String], name: String) throws -> [String] {
    var seen: [String: Int] = [:]
    return try texts.enumerated().map { position, text in
      // Tools write the row number under an empty name.
      let columnName = text.isEmpty ? "column \(position + 1)" : text
      if let first = seen.updateValue(position + 1, forKey: columnName) {
        throw FluxionError(
          .corruptData,
          "\(name), line 1: columns \(first) and \(position + 1) are both called \"\(columnName)\"; names must differ")
      }
      return columnName
    }
  }

  func field(row: Int, column: Int) -> Field { fields[row * columnCount + column] }

  func text(_ field: Field) -> String { Self.text(field, in: bytes) }

  private static func text(_ field: Field, in bytes: [UInt8]) -> String {
    let raw = bytes[field.start..<field.start + Int(field.length)]
    guard field.isEscaped else { return String(decoding: raw, as: UTF8.self) }
    var text: [UInt8] = []
    var afterQuote = false
    for byte in raw {
      afterQuote = byte == UInt8(ascii: "\"") && !afterQuote
      if !afterQuote { text.append(byte) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Cuts a buffer into fields, front to back.
private struct Reader {
  let bytes: UnsafeBufferPointer<UInt8>
  let separator: UInt8
  let name: String
  var fields: [CSVTable.Field] = []
  var lines: [Int32] = []
  var width = 0
  private var position = 0
  private var line: Int32 = 1

  init(bytes: UnsafeBufferPointer<UInt8>, separator: UInt8, name: String) {
    self.bytes = bytes
    self.separator = separator
    self.name = name
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }  // A byte-order mark.
  }

  mutating func readAll() throws {
    guard bytes.count < Int(Int32.max) * 4 else {
      throw FluxionError(.unsupported, "\(name) has \(bytes.count) bytes, too many for one table")
    }
    while position < bytes.count {
      if skipNewline() { continue }  // An empty line is no row.
      let start = line
      let first = fields.count
      var more = true
      while more { more = try readField() }
      let count = fields.count - first
      if width == 0 { width = count }
      guard count == width else {
        throw FluxionError(
          .corruptData,
          "\(name), line \(start): the row has \(count) fields, the first line has \(width); all rows must have as many"
        )
      }
      lines.append(start)
    }
  }

  private mutating func skipNewline() -> Bool {
    guard position < bytes.count else { return false }
    if bytes[position] == UInt8(ascii: "\r") {
      position += position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "\n") ? 2 : 1
    } else if bytes[position] == UInt8(ascii: "\n") {
      position += 1
    } else {
      return false
    }
    line &+= 1
    return true
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    (byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")) && byte != separator
  }

  private func endsField(_ byte: UInt8) -> Bool {
    byte == separator || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// Reads one field and what ends it; false when that was the end of the row.
  private mutating func readField() throws -> Bool {
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      try readQuoted()
    } else {
      let start = position
      while position < bytes.count, !endsField(bytes[position]) { position += 1 }
      var end = position
      while end > start, isBlank(bytes[end - 1]) { end -= 1 }
      try append(start: start, end: end, isEscaped: false)
    }
    guard position < bytes.count else { return false }
    if bytes[position] == separator {
      position += 1
      return true
    }
    _ = skipNewline()
    return false
  }

  private mutating func readQuoted() throws {
    let openingLine = line
    position += 1
    let start = position
    var isEscaped = false
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") else { break }
        isEscaped = true
        position += 1
      } else if byte == UInt8(ascii: "\n") {
        line &+= 1
      }
      position += 1
    }
    guard position < bytes.count else {
      throw FluxionError(.corruptData, "\(name), line \(openingLine): a quoted field is never closed")
    }
    let end = position
    position += 1
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    guard position >= bytes.count || endsField(bytes[position]) else {
      throw FluxionError(
        .corruptData,
        "\(name), line \(line): text follows the closing quote of a field; write a quote inside a field twice")
    }
    try append(start: start, end: end, isEscaped: isEscaped)
  }

  private mutating func append(start: Int, end: Int, isEscaped: Bool) throws {
    guard let length = Int32(exactly: end - start) else {
      throw FluxionError(.unsupported, "\(name), line \(line): a field has \(end - start) bytes, too many")
    }
    fields.append(CSVTable.Field(start: start, length: length, isEscaped: isEscaped))
  }
}
