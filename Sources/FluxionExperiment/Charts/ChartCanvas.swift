/// The outer element of a chart, its words for those who do not see it, and the plot within its axes.
package struct ChartCanvas {
  package let width: Double
  package let height: Double
  package let left: Double
  package let right: Double
  package let top: Double
  package let bottom: Double

  package init(width: Double, height: Double, left: Double, right: Double, top: Double, bottom: Double) {
    (self.width, self.height) = (width, height)
    (self.left, self.right, self.top, self.bottom) = (left, right, top, bottom)
  }

  package var plotWidth: Double { width - left - right }
  package var plotHeight: Double { height - top - bottom }

  func x(_ position: Double) -> Double { left + position * plotWidth }
  func y(_ position: Double) -> Double { top + (1 - position) * plotHeight }

  /// The `svg` element; `standalone` makes it a file of its own, with its style sheet.
  package func svg(
    id: String, title: String, description: String, standalone: Bool, _ body: (inout Markup) -> Void
  ) -> String {
    var markup = Markup()
    markup.element(
      "svg",
      [
        "class": "chart", "role": "img", "aria-labelledby": "\(id)-title \(id)-description",
        "xmlns": standalone ? "http://www.w3.org/2000/svg" : nil,
        "viewBox": "0 0 \(Markup.coordinate(width)) \(Markup.coordinate(height))",
        "width": standalone ? Markup.coordinate(width) : nil, "height": standalone ? Markup.coordinate(height) : nil,
      ]
    ) { svg in
      svg.element("title", ["id": "\(id)-title"], text: title)
      svg.element("desc", ["id": "\(id)-description"], text: description)
      if standalone {
        svg.add(markup: "<style>\n\(ChartStyle.variables)\n\(ChartStyle.rules)</style>\n")
        svg.empty("rect", ["width": "100%", "height": "100%", "style": "fill: var(--surface)"])
      }
      body(&svg)
    }
    return markup.text
  }

  package func label(_ text: String, x: Double, y: Double, class name: String? = nil, into svg: inout Markup) {
    svg.element("text", ["x": Markup.coordinate(x), "y": Markup.coordinate(y), "class": name], text: text)
  }

  package func line(
    from a: (x: Double, y: Double), to b: (x: Double, y: Double), class name: String, into svg: inout Markup
  ) {
    svg.empty(
      "line",
      [
        "x1": Markup.coordinate(a.x), "y1": Markup.coordinate(a.y), "x2": Markup.coordinate(b.x),
        "y2": Markup.coordinate(b.y), "class": name,
      ])
  }

  /// Lines across the plot at the ticks of the vertical axis, with their labels.
  func verticalAxis(_ scale: ChartScale, into svg: inout Markup) {
    for (tick, text) in zip(scale.ticks, scale.labels) {
      let y = y(scale.position(tick))
      line(from: (left, y), to: (width - right, y), class: "grid", into: &svg)
      label(text, x: left - 8, y: y + 4, class: "end", into: &svg)
    }
  }

  /// An entry of a chart's legend: a stroke or a square, and a name.
  typealias LegendEntry = (name: String, mark: String, isLine: Bool)

  private static let legendRow = 18.0

  /// What a legend needs above the plot.
  static func legendHeight(_ entries: [LegendEntry], width: Double) -> Double {
    28 + legendRow * Double(max(0, legendRows(entries, width: width).count - 1))
  }

  /// The entries in rows, each as long as there is room.
  private static func legendRows(_ entries: [LegendEntry], width: Double) -> [[LegendEntry]] {
    var rows: [[LegendEntry]] = []
    var used = 0.0
    for entry in entries {
      let needed = legendWidth(entry)
      if rows.isEmpty || used + needed > width {
        rows.append([entry])
        used = needed
      } else {
        rows[rows.count - 1].append(entry)
        used += needed
      }
    }
    return rows
  }

  private static func legendWidth(_ entry: LegendEntry) -> Double { 7.6 * Double(entry.name.count) + 36 }

  /// The legend above the plot, from the right edge leftwards.
  func legend(_ entries: [LegendEntry], into svg: inout Markup) {
    for (index, row) in Self.legendRows(entries, width: width - right).enumerated() {
      let y = 13 + Self.legendRow * Double(index)
      var x = width - right
      for entry in row.reversed() {
        x -= 7.6 * Double(entry.name.count)
        label(entry.name, x: x, y: y, into: &svg)
        if entry.isLine {
          line(from: (x - 22, y - 4), to: (x - 6, y - 4), class: "line \(entry.mark)", into: &svg)
        } else {
          svg.empty(
            "rect",
            [
              "x": Markup.coordinate(x - 16), "y": Markup.coordinate(y - 9.5), "width": "10", "height": "10", "rx": "2",
              "class": entry.mark,
            ])
        }
        x -= 36
      }
    }
  }

  package func noData(into svg: inout Markup) {
    label("no data", x: width / 2, y: height / 2, class: "middle", into: &svg)
  }
}
