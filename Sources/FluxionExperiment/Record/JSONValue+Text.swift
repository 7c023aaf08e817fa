import FluxionInterop

extension JSONValue {
  /// JSON text. Arrays and objects that fit into a line of 120 columns stand on one; others have a line a member.
  /// Numbers that are not finite, which JSON does not have, are written as null.
  ///
  /// - Parameter depth: how far the text is indented, in steps of two spaces; the first line is not.
  public func text(depth: Int = 0) -> String {
    var bytes: [UInt8] = []
    write(to: &bytes, depth: depth)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// JSON text on one line.
  public var line: String {
    var bytes: [UInt8] = []
    _ = writeLine(to: &bytes, limit: .max)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// As ``text(depth:)``, at the end of other text: rounds of thousands of parties are written while a run goes on.
  func write(to bytes: inout [UInt8], depth: Int) {
    let start = bytes.count
    if writeLine(to: &bytes, limit: start + 118 - 2 * depth) { return }
    bytes.removeSubrange(start...)
    switch self {
    case .array(let elements) where !elements.isEmpty:
      bytes.append(contentsOf: "[\n".utf8)
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(contentsOf: ",\n".utf8) }
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth + 2))
        element.write(to: &bytes, depth: depth + 1)
      }
      Self.close("]", to: &bytes, depth)
    case .object(let members) where !members.isEmpty:
      bytes.append(contentsOf: "{\n".utf8)
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(contentsOf: ",\n".utf8) }
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth + 2))
        Self.writeQuoted(member.name, to: &bytes)
        bytes.append(contentsOf: ": ".utf8)
        member.value.write(to: &bytes, depth: depth + 1)
      }
      Self.close("}", to: &bytes, depth)
    default:
      _ = writeLine(to: &bytes, limit: .max)
    }
  }

  private static func close(_ bracket: Unicode.Scalar, to bytes: inout [UInt8], _ depth: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    bytes.append(UInt8(ascii: bracket))
  }

  /// Writes the value on one line; stops, and says so, soon after the text is longer than `limit`.
  private func writeLine(to bytes: inout [UInt8], limit: Int) -> Bool {
    switch self {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value):
      bytes.append(contentsOf: (Int(exactly: value).map { String($0) } ?? String(value)).utf8)
    case .number(let value): bytes.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
    case .string(let value): Self.writeQuoted(value, to: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(contentsOf: ", ".utf8) }
        guard element.writeLine(to: &bytes, limit: limit) else { return false }
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(contentsOf: ", ".utf8) }
        Self.writeQuoted(member.name, to: &bytes)
        bytes.append(contentsOf: ": ".utf8)
        guard member.value.writeLine(to: &bytes, limit: limit) else { return false }
      }
      bytes.append(UInt8(ascii: "}"))
    }
    return bytes.count <= limit
  }

  private static func writeQuoted(_ text: String, to bytes: inout [UInt8]) {
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
    else {
      return bytes.append(contentsOf: jsonString(text).utf8)
    }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: text.utf8)
    bytes.append(UInt8(ascii: "\""))
  }
}
