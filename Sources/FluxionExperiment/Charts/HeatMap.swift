/// Counts in a grid, darker the larger: the labels that each party holds, for example.
package struct HeatMap: Sendable {
  /// Unique on its page.
  package var id: String
  package var title: String
  /// What the columns are.
  package var xTitle: String
  package var rowNames: [String]
  package var columnNames: [String]
  /// One a column in each row; missing ones count as 0.
  package var rows: [[Int]]

  package init(
    id: String, title: String, xTitle: String, rowNames: [String], columnNames: [String], rows: [[Int]]
  ) {
    self.id = id
    self.title = title
    self.xTitle = xTitle
    self.rowNames = rowNames
    self.columnNames = columnNames
    self.rows = rows
  }

  package func svg(standalone: Bool = false) -> String {
    let nameWidth = 8 * Double(min(16, rowNames.map(\.count).max() ?? 0)) + 10
    let rowHeight = rows.count > 60 ? 7.0 : rows.count > 30 ? 14 : 23
    let width = columnNames.count > 16 ? 760.0 : 480
    let canvas = ChartCanvas(
      width: width, height: 44 + rowHeight * Double(max(1, rows.count)) + 4, left: nameWidth, right: 2, top: 44,
      bottom: 4)
    return canvas.svg(id: id, title: title, description: description, standalone: standalone) { svg in
      guard !rows.isEmpty, !columnNames.isEmpty else {
        canvas.noData(into: &svg)
        return
      }
      canvas.label(xTitle, x: canvas.left + canvas.plotWidth / 2, y: 13, class: "middle", into: &svg)
      headings(canvas, into: &svg)
      let largest = max(1, rows.lazy.flatMap { $0 }.max() ?? 1)
      for row in rows.indices {
        self.row(row, largest: largest, height: rowHeight, canvas, into: &svg)
      }
    }
  }

  private func headings(_ canvas: ChartCanvas, into svg: inout Markup) {
    let pitch = canvas.plotWidth / Double(columnNames.count)
    let longest = min(10, columnNames.map(\.count).max() ?? 1)
    let every = max(1, Int((8.4 * Double(longest) + 4) / pitch + 1))
    for column in stride(from: 0, to: columnNames.count, by: every) {
      canvas.label(
        Self.short(columnNames[column], to: 10), x: canvas.left + pitch * (Double(column) + 0.5), y: canvas.top - 7,
        class: "middle", into: &svg)
    }
  }

  private func row(_ row: Int, largest: Int, height: Double, _ canvas: ChartCanvas, into svg: inout Markup) {
    let y = canvas.top + height * Double(row)
    let name = row < rowNames.count ? rowNames[row] : "\(row)"
    if height >= 12 || row % 5 == 0 {
      canvas.label(Self.short(name, to: 16), x: canvas.left - 8, y: y + height / 2 + 4, class: "end", into: &svg)
    }
    let pitch = canvas.plotWidth / Double(columnNames.count)
    let digits = String(largest).count
    let hasNumbers = height >= 20 && pitch >= 8.4 * Double(digits) + 4
    let gap = height >= 12 && pitch >= 12 ? 2.0 : 0.5
    for column in columnNames.indices {
      let count = column < rows[row].count ? max(0, rows[row][column]) : 0
      let share = Double(count) / Double(largest)
      let x = canvas.left + pitch * Double(column)
      let rectangle: KeyValuePairs<String, String?> = [
        "class": count > 0 ? "cell" : "cell-empty", "x": Markup.coordinate(x + gap / 2),
        "y": Markup.coordinate(y + gap / 2), "width": Markup.coordinate(pitch - gap),
        "height": Markup.coordinate(height - gap), "rx": gap == 2 ? "3" : nil,
        "fill-opacity": count > 0 ? Figures.fixed(0.1 + 0.9 * share, digits: 2) : nil,
      ]
      svg.element("rect", rectangle) {
        $0.element("title", text: "\(name), \(columnNames[column]): \(Figures.count(count))")
      }
      if hasNumbers, count > 0 {
        canvas.label(
          String(count), x: x + pitch / 2, y: y + height / 2 + 4,
          class: share > 0.5 ? "middle cell-ink-on" : "middle cell-ink", into: &svg)
      }
    }
  }

  private var description: String {
    "\(rows.count) rows by \(columnNames.count) columns (\(xTitle)); the largest count is "
      + "\(Figures.count(rows.lazy.flatMap { $0 }.max() ?? 0))."
  }

  private static func short(_ text: String, to length: Int) -> String {
    text.count > length ? text.prefix(length - 1) + "…" : text
  }
}
