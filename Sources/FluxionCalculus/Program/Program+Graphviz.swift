extension Program {
  /// The program as a graph in the DOT language: operators are nodes, values are edges labelled with their types.
  ///
  /// ```swift
  /// try program.graphviz().write(toFile: "program.dot", atomically: true, encoding: .utf8)  // dot -Tsvg program.dot
  /// ```
  public func graphviz() -> String {
    let names = valueNames
    var lines = ["digraph program {", "  rankdir=TB;", "  node [shape=box, style=rounded, fontname=\"sans-serif\"];"]
    for (index, input) in inputs.enumerated() {
      lines.append("  v\(index) [label=\(quoted(input.name.isEmpty ? names[index] : input.name)), shape=ellipse];")
    }
    for (position, instruction) in instructions.enumerated() {
      let index = inputs.count + position
      let attributes = instruction.operation.attributes
      let label = instruction.operation.name + (attributes.isEmpty ? "" : "\n" + attributes)
      lines.append("  v\(index) [label=\(quoted(label))];")
      for operand in instruction.operands {
        lines.append("  v\(operand) -> v\(index) [label=\(quoted(type(of: operand).description))];")
      }
    }
    for (position, output) in outputs.enumerated() {
      lines.append("  output\(position) [label=\(quoted("output \(position)")), shape=ellipse];")
      lines.append("  v\(output) -> output\(position) [label=\(quoted(type(of: output).description))];")
    }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  /// A string of the DOT language, whatever its characters.
  private func quoted(_ text: String) -> String {
    let escaped = text.flatMap { character -> String in
      switch character {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n", "\r", "\r\n": "\\n"
      case "\0": ""
      default: String(character)
      }
    }
    return "\"\(String(escaped))\""
  }
}
