/// Numbers in a grid, darker the larger: the labels that each party holds, or how the parties' updates agree.
package struct HeatMap: Sendable {
  /// What the numbers are, which decides their colours and how they are written.
  package enum Scale: Sendable {
    /// Counts, from 0 to the largest.
    case counts
    /// Cosines from −1 to 1; a colour for either sign.
    case cosines
  }

  /// Unique on its page.
  package var id: String
  package var title: String
  /// What the columns are.
  package var xTitle: String
  package var rowNames: [String]
  package var columnNames: [String]
  /// One a column in each row; missing ones are left empty.
  package var rows: [[Double?]]
  package var scale: Scale

  /// Counts; missing ones are 0.
  package init(
    id: String, title: String, xTitle: String, rowNames: [String], columnNames: [String], rows: [[Int]]
  ) {
    self.init(
      id: id, title: title, xTitle: xTitle, rowNames: rowNames, columnNames: columnNames,
      cells: rows.map { row in columnNames.indices.map { $0 < row.count ? Double(max(0, row[$0])) : 0 } },
      scale: .counts)
  }

  package init(
    id: String, title: String, xTitle: String, rowNames: [String], columnNames: [String], cells: [[Double?]],
    scale: Scale
  ) {
    self.id = id
    self.title = title
    self.xTitle = xTitle
    self.rowNames = rowNames
    self.columnNames = columnNames
    self.rows = cells
    self.scale = scale
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
      for row in rows.indices { self.row(row, height: rowHeight, canvas, into: &svg) }
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

  private func row(_ row: Int, height: Double, _ canvas: ChartCanvas, into svg: inout Markup) {
    let y = canvas.top + height * Double(row)
    let name = row < rowNames.count ? rowNames[row] : "\(row)"
    if height >= 12 || row % 5 == 0 {
      canvas.label(Self.short(name, to: 16), x: canvas.left - 8, y: y + height / 2 + 4, class: "end", into: &svg)
    }
    let pitch = canvas.plotWidth / Double(columnNames.count)
    let largest = largest
    let longest = scale == .counts ? short(largest).count : 4
    let hasNumbers = height >= 20 && pitch >= 8.4 * Double(longest) + (scale == .counts ? 4 : 0)
    let gap = height >= 12 && pitch >= 12 ? 2.0 : 0.5
    for column in columnNames.indices {
      let value = value(row, column)
      let share = abs(value ?? 0) / largest
      let hasColour = scale == .counts ? share > 0 : value != nil
      let x = canvas.left + pitch * Double(column)
      let rectangle: KeyValuePairs<String, String?> = [
        "class": !hasColour ? "cell-empty" : (value ?? 0) < 0 ? "cell-against" : "cell",
        "x": Markup.coordinate(x + gap / 2), "y": Markup.coordinate(y + gap / 2),
        "width": Markup.coordinate(pitch - gap), "height": Markup.coordinate(height - gap),
        "rx": gap == 2 ? "3" : nil,
        "fill-opacity": hasColour ? Figures.fixed(0.1 + 0.9 * share, digits: 2) : nil,
      ]
      svg.element("rect", rectangle) {
        $0.element("title", text: "\(name), \(columnNames[column]): \(value.map(text) ?? "–")")
      }
      if hasNumbers, hasColour, let value {
        canvas.label(
          short(value), x: x + pitch / 2, y: y + height / 2 + 4,
          class: share > 0.5 ? "middle cell-ink-on" : "middle cell-ink", into: &svg)
      }
    }
  }

  private func value(_ row: Int, _ column: Int) -> Double? {
    (column < rows[row].count ? rows[row][column] : nil).flatMap { $0.isFinite ? $0 : nil }
  }

  /// What has the full colour.
  private var largest: Double {
    switch scale {
    case .counts: max(1, most)
    case .cosines: 1
    }
  }

  /// A number as hovers show it.
  private func text(_ value: Double) -> String {
    switch scale {
    case .counts: Figures.count(Int(min(value, 9e18)))
    case .cosines: Figures.fixed(value, digits: 3)
    }
  }

  /// A number as it stands in a cell.
  private func short(_ value: Double) -> String {
    switch scale {
    case .counts: String(Int(min(value, 9e18)))
    case .cosines: Figures.fixed(value, digits: 1).replacing("-", with: "−")
    }
  }

  private var description: String {
    let size = "\(rows.count) rows by \(columnNames.count) columns (\(xTitle)); "
    switch scale {
    case .counts: return size + "the largest count is \(text(rows.isEmpty || columnNames.isEmpty ? 0 : most))."
    case .cosines:
      let values = rows.indices.flatMap { row in columnNames.indices.compactMap { value(row, $0) } }
      guard let low = values.min(), let high = values.max() else { return size + "no value." }
      return size + "the values go from \(text(low)) to \(text(high))."
    }
  }

  private var most: Double { rows.joined().compactMap(\.self).filter(\.isFinite).max() ?? 0 }

  private static func short(_ text: String, to length: Int) -> String {
    text.count > length ? text.prefix(length - 1) + "…" : text
  }
}
