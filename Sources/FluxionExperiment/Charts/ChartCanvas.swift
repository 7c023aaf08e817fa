/// The outer element of a chart, its words for those who do not see it, and the plot within its axes.
struct ChartCanvas {
  let width: Double
  let height: Double
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double

  var plotWidth: Double { width - left - right }
  var plotHeight: Double { height - top - bottom }

  func x(_ position: Double) -> Double { left + position * plotWidth }
  func y(_ position: Double) -> Double { top + (1 - position) * plotHeight }

  /// The `svg` element; `standalone` makes it a file of its own, with its style sheet.
  func svg(
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

  func label(_ text: String, x: Double, y: Double, class name: String? = nil, into svg: inout Markup) {
    svg.element("text", ["x": Markup.coordinate(x), "y": Markup.coordinate(y), "class": name], text: text)
  }

  func line(
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

  /// A box of a chart's legend: a stroke or a square, and a name; from the right edge leftwards.
  func legend(_ entries: [(name: String, mark: String, isLine: Bool)], into svg: inout Markup) {
    var x = width - right
    for entry in entries.reversed() {
      x -= 7.6 * Double(entry.name.count)
      label(entry.name, x: x, y: 13, into: &svg)
      if entry.isLine {
        line(from: (x - 22, 9), to: (x - 6, 9), class: "line \(entry.mark)", into: &svg)
      } else {
        svg.empty(
          "rect",
          [
            "x": Markup.coordinate(x - 16), "y": "3.5", "width": "10", "height": "10", "rx": "2", "class": entry.mark,
          ])
      }
      x -= 36
    }
  }

  func noData(into svg: inout Markup) {
    label("no data", x: width / 2, y: height / 2, class: "middle", into: &svg)
  }
}
