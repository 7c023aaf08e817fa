extension ComparisonPage {
  /// The results as Markdown, with the charts beside it: what can be kept in a repository and read on a forge.
  func markdown() -> String {
    var text = "# \(Self.escaped(record.name))\n\n\(lede)\n"
    for notice in notices { text += "\n> \(Self.escaped(notice))\n" }
    for (group, charts) in zip(record.groups, chartsByGroup) {
      if record.groups.count > 1 || group.name != nil { text += "\n## \(Self.escaped(group.name ?? "Others"))\n" }
      text += "\n" + Self.table(statistics.columns, statistics.rows(of: group.variants))
      let drawn = charts.filter(\.hasData)
      if !drawn.isEmpty { text += "\n" }
      for chart in drawn { text += "![\(chart.heading)](\(chart.path))\n" }
    }
    text += "\n\(reading)\n\n## Settings\n"
    let differences = differences
    if differences.columns.count > 1 {
      text += "\n" + Self.table(differences.columns.map { ($0, false) }, differences.rows) + "\nAll variants share:\n"
    }
    text += "\n" + Self.code(Self.flattened(record.settings, below: "").map { "\($0.name): \($0.value)" })
    text += "\n## The same comparison again\n\n"
    if let command = record.command { text += Self.code([Self.folded(command)]) + "\n" }
    text += "Fluxion \(record.environment.fluxionVersion), Swift \(record.environment.swiftVersion), "
    return text + "\(record.environment.platform).\n"
  }

  private static func table(_ columns: [(title: String, isNumber: Bool)], _ rows: [[String]]) -> String {
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
    let cells = rows.map { row in
      line(row.map { $0.split(separator: "\n").map { escaped(String($0)) }.joined(separator: "<br>") })
    }
    return line(columns.map { escaped($0.title) }) + line(columns.map { $0.isNumber ? "--:" : "---" }) + cells.joined()
  }

  /// Indented, which no text can break out of.
  private static func code(_ lines: [String]) -> String {
    lines.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false).map { line in
      "    \(TerminalText.printable(String(line)))\n"
    }.joined()
  }

  /// Text that Markdown takes as it stands.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\\", "`", "*", "_", "[", "]", "|", "#", "<", ">", "&", "~": result += "\\\(scalar)"
      case "\u{0}"..<" ", "\u{7f}": result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
