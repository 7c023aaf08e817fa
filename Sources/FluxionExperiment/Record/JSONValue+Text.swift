import FluxionInterop

extension JSONValue {
  /// JSON text. Arrays and objects that fit into a line of 120 columns stand on one; others have a line a member.
  /// Numbers that are not finite, which JSON does not have, are written as null.
  ///
  /// - Parameter depth: how far the text is indented, in steps of two spaces; the first line is not.
  public func text(depth: Int = 0) -> String {
    let line = line
    guard line.utf8.count + 2 * depth > 118 else { return line }
    let inner = String(repeating: "  ", count: depth + 1)
    let outer = String(repeating: "  ", count: depth)
    switch self {
    case .array(let elements) where !elements.isEmpty:
      let lines = elements.map { inner + $0.text(depth: depth + 1) }
      return "[\n\(lines.joined(separator: ",\n"))\n\(outer)]"
    case .object(let members) where !members.isEmpty:
      let lines = members.map { "\(inner)\(jsonString($0.name)): \($0.value.text(depth: depth + 1))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
    default:
      return line
    }
  }

  /// JSON text on one line.
  public var line: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): value.isFinite ? value.description : "null"
    case .string(let value): jsonString(value)
    case .array(let elements): "[\(elements.map(\.line).joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(jsonString($0.name)): \($0.value.line)" }.joined(separator: ", "))}"
    }
  }
}
