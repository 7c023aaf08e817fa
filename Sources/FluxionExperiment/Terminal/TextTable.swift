/// A table of aligned text.
///
/// ```swift
/// var table = TextTable([.left("trained by"), .right("accuracy"), .right("loss")])
/// table.add(["party 0 alone", "41.23%", "2.104"])
/// table.addRule()
/// table.add(["the federation", "96.10%", "0.131"], isStrong: true)
/// print(table.text(style: .current(descriptor: 1)))
/// ```
package struct TextTable: Sendable {
  package struct Column: Sendable {
    package var title: String
    package var isRight: Bool

    /// Words; cut where there is no room.
    package static func left(_ title: String) -> Column { Column(title: title, isRight: false) }
    /// Numbers; never cut.
    package static func right(_ title: String) -> Column { Column(title: title, isRight: true) }
  }

  private enum Row {
    case cells([String], isStrong: Bool)
    case rule
  }

  package let columns: [Column]
  private var rows: [Row] = []

  /// Columns between two columns of text.
  private static let gap = 2

  package init(_ columns: [Column]) { self.columns = columns }

  /// Missing cells are empty, those too many left out.
  package mutating func add(_ cells: [String], isStrong: Bool = false) {
    let padding = Array(repeating: "", count: max(0, columns.count - cells.count))
    let row = (cells + padding).prefix(columns.count).map(TerminalText.printable)
    rows.append(.cells(row, isStrong: isStrong))
  }

  /// A line across.
  package mutating func addRule() { rows.append(.rule) }

  /// The lines, the title first, each ended, at most `maximumWidth` columns wide unless the numbers alone are wider.
  package func text(style: TerminalStyle, maximumWidth: Int = 60) -> String {
    let widths = widths(within: min(maximumWidth, style.width))
    let total = widths.reduce(0, +) + Self.gap * max(0, columns.count - 1)
    let rule = style.paint(String(repeating: "─", count: total), .faint)
    var lines = [style.paint(line(columns.map(\.title), widths), .faint), rule]
    for row in rows {
      switch row {
      case .cells(let cells, let isStrong): lines.append(style.paint(line(cells, widths), isStrong ? .bold : nil))
      case .rule: lines.append(rule)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What each column needs; the widest columns of words give way where that is too much.
  private func widths(within total: Int) -> [Int] {
    var widths = columns.map { TerminalText.width($0.title) }
    for case .cells(let cells, _) in rows {
      for (index, cell) in cells.enumerated() { widths[index] = max(widths[index], TerminalText.width(cell)) }
    }
    var excess = widths.reduce(0, +) + Self.gap * max(0, columns.count - 1) - total
    while excess > 0 {
      let words = columns.indices.filter { !columns[$0].isRight && widths[$0] > 4 }
      guard let widest = words.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var result = ""
    for (index, cell) in cells.enumerated() {
      let text = columns[index].isRight ? cell : TerminalText.cut(cell, to: widths[index])
      let padding = String(repeating: " ", count: max(0, widths[index] - TerminalText.width(text)))
      if index > 0 { result += String(repeating: " ", count: Self.gap) }
      result += columns[index].isRight ? padding + text : text + padding
    }
    while result.last == " " { result.removeLast() }
    return result
  }
}
