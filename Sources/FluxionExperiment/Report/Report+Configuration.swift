extension Report {
  /// What was asked for.
  func configuration(into markup: inout Markup) {
    let entries = Self.flattened(record.configuration, below: "")
    guard !entries.isEmpty else { return }
    section("configuration", "Configuration", into: &markup) { section in
      section.element("dl", ["class": "settings"]) { list in
        for entry in entries {
          list.element("div") { setting in
            setting.element("dt", text: entry.name)
            setting.element("dd", text: entry.value)
          }
        }
      }
    }
  }

  /// How to have the same run again.
  func reproduction(into markup: inout Markup) {
    section("reproduction", "The same run again", into: &markup) { section in
      if let command = record.command {
        section.element("pre", ["tabindex": "0"]) { $0.element("code", text: Self.folded(command)) }
      }
      section.element(
        "p", ["class": "about"],
        text: "The same seed gives the same model, bit for bit, with any number of threads on one instruction set.")
      section.element("dl", ["class": "facts"]) { list in
        func fact(_ name: String, _ value: String?, isCode: Bool = false) {
          guard let value else { return }
          list.element("div", ["class": isCode ? "wide" : nil]) { entry in
            entry.element("dt", text: name)
            entry.element("dd") { $0.element(isCode ? "code" : "span", text: value) }
          }
        }
        fact("Model SHA-256", record.modelSHA256, isCode: true)
        fact("Seed", String(record.seed))
        fact("Fluxion", record.environment.fluxionVersion)
        fact("Swift", record.environment.swiftVersion)
        fact("Platform", record.environment.platform)
        fact("Started", record.timing?.startedAt.replacing("T", with: " ").replacing("Z", with: " UTC"))
        fact("Took, all in all", record.timing.map { Figures.seconds($0.totalSeconds) })
      }
    }
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
