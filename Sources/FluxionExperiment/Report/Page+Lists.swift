/// Something to know about a run: a name and what it is.
package struct Fact {
  package var name: String
  /// nil where there is nothing to say.
  package var value: String?
  package var isCode = false
  /// What is said below the value, smaller.
  package var note: String?

  package init(_ name: String, _ value: String?, isCode: Bool = false, note: String? = nil) {
    self.name = name
    self.value = value
    self.isCode = isCode
    self.note = note
  }
}

extension Page {
  /// The figures that count, large.
  package func figures(_ figures: [Fact], into markup: inout Markup) {
    markup.element("dl", ["class": "figures"]) { list in
      for figure in figures {
        guard let text = figure.value else { continue }
        list.element("div") { entry in
          entry.element("dt", text: figure.name)
          entry.element("dd") { value in
            value.element("span", ["class": "large"], text: text)
            if let note = figure.note { value.element("span", ["class": "note"], text: note) }
          }
        }
      }
    }
  }

  package func facts(_ facts: [Fact], into markup: inout Markup) {
    markup.element("dl", ["class": "facts"]) { list in
      for fact in facts {
        guard let value = fact.value else { continue }
        list.element("div", ["class": fact.isCode ? "wide" : nil]) { entry in
          entry.element("dt", text: fact.name)
          entry.element("dd") { $0.element(fact.isCode ? "code" : "span", text: value) }
        }
      }
    }
  }

  /// The values of a configuration, by the paths to them.
  func settings(_ configuration: JSONValue, into markup: inout Markup) {
    markup.element("dl", ["class": "settings"]) { list in
      for entry in Self.flattened(configuration, below: "") {
        list.element("div") { setting in
          setting.element("dt", text: entry.name)
          setting.element("dd", text: entry.value)
        }
      }
    }
  }

  func command(_ line: String, into markup: inout Markup) {
    markup.element("pre", ["tabindex": "0"]) { $0.element("code", text: Self.folded(line)) }
  }

  /// A command line on lines of at most 72 columns, each but the last ended by a backslash; a shell reads it as one.
  static func folded(_ command: String) -> String {
    guard command.count > 72, !command.contains(where: { "\n'\"\\".contains($0) }) else { return command }
    var lines: [String] = []
    var line = ""
    for part in command.split(separator: " --").enumerated().map({
      $0.offset == 0 ? String($0.element) : "--\($0.element)"
    }) {
      if line.isEmpty {
        line = part
      } else if line.count + part.count + 3 <= 72 {
        line += " " + part
      } else {
        lines.append(line)
        line = "  " + part
      }
    }
    return (lines + [line]).joined(separator: " \\\n")
  }

  /// The values of nested objects, named by the path to them; those without a value are left out.
  static func flattened(_ value: JSONValue, below path: String) -> [(name: String, value: String)] {
    switch value {
    case .object(let members):
      members.flatMap { flattened($0.value, below: path.isEmpty ? $0.name : "\(path).\($0.name)") }
    case .null: []
    case .string(let text): [(path, text)]
    case .bool(let flag): [(path, flag ? "yes" : "no")]
    case .array(let elements):
      [(path, elements.map { if case .string(let text) = $0 { text } else { $0.line } }.joined(separator: ", "))]
    case .integer, .number: [(path, value.line)]
    }
  }
}
