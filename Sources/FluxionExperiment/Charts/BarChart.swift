/// Upright bars, stacked where there are several series.
package struct BarChart: Sendable {
  package struct Series: Sendable {
    package var name: String
    /// One a category; those that are not finite or below 0 are left out.
    package var values: [Double]

    package init(_ name: String, _ values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  /// Unique on its page.
  package var id: String
  package var title: String
  /// What the categories are.
  package var xTitle: String
  package var categories: [String]
  package var y: ChartAxis
  package var series: [Series]

  package init(
    id: String, title: String, xTitle: String, categories: [String], y: ChartAxis, series: [Series]
  ) {
    self.id = id
    self.title = title
    self.xTitle = xTitle
    self.categories = categories
    self.y = y
    self.series = series
  }

  package func svg(standalone: Bool = false) -> String {
    let canvas = ChartCanvas(width: 480, height: 240, left: 54, right: 14, top: 28, bottom: 40)
    let stacks = categories.indices.map { category in
      series.map { one in
        guard category < one.values.count, one.values[category].isFinite else { return 0.0 }
        return max(0, one.values[category])
      }
    }
    let totals = stacks.map { $0.reduce(0, +) }
    return canvas.svg(id: id, title: title, description: description(totals), standalone: standalone) { svg in
      guard totals.contains(where: { $0 > 0 }) else {
        canvas.noData(into: &svg)
        return
      }
      var axis = y
      axis.including.append(0)
      let scale = ChartScale(totals, axis: axis, count: 4, rounded: true)
      canvas.verticalAxis(scale, into: &svg)
      if series.count > 1 {
        let entries = series.indices.map {
          (name: series[$0].name, mark: "fill-\(ChartStyle.number(ofSeries: $0))", isLine: false)
        }
        canvas.legend(entries, into: &svg)
      }
      bars(stacks, scale, canvas, into: &svg)
      let ground = canvas.y(scale.position(0))
      canvas.line(from: (canvas.left, ground), to: (canvas.width - canvas.right, ground), class: "axis", into: &svg)
      names(canvas, into: &svg)
      canvas.label(y.title, x: 0, y: 13, into: &svg)
      canvas.label(xTitle, x: canvas.left + canvas.plotWidth / 2, y: canvas.height - 5, class: "middle", into: &svg)
    }
  }

  private func bars(_ stacks: [[Double]], _ scale: ChartScale, _ canvas: ChartCanvas, into svg: inout Markup) {
    let pitch = canvas.plotWidth / Double(stacks.count)
    let gap = min(10, 0.22 * pitch)
    for (category, stack) in stacks.enumerated() {
      var level = 0.0
      for (index, value) in stack.enumerated() where value > 0 {
        let top = canvas.y(scale.position(level + value))
        let rectangle: KeyValuePairs<String, String?> = [
          "class": "fill-\(ChartStyle.number(ofSeries: index))", "y": Markup.coordinate(top),
          "x": Markup.coordinate(canvas.left + pitch * Double(category) + gap / 2),
          "width": Markup.coordinate(max(0.5, pitch - gap)),
          "height": Markup.coordinate(canvas.y(scale.position(level)) - top),
        ]
        let name = series.count > 1 ? "\(categories[category]), \(series[index].name)" : categories[category]
        svg.element("rect", rectangle) { $0.element("title", text: "\(name): \(y.text(value))") }
        level += value
      }
    }
  }

  /// The categories' names, as many as there is room for.
  private func names(_ canvas: ChartCanvas, into svg: inout Markup) {
    let pitch = canvas.plotWidth / Double(categories.count)
    let longest = categories.map(\.count).max() ?? 1
    let every = max(1, Int((8.4 * Double(min(longest, 12)) + 6) / pitch + 1))
    for category in stride(from: 0, to: categories.count, by: every) {
      let name = categories[category]
      canvas.label(
        name.count > 12 ? name.prefix(11) + "…" : name, x: canvas.left + pitch * (Double(category) + 0.5),
        y: canvas.height - canvas.bottom + 17, class: "middle", into: &svg)
    }
  }

  private func description(_ totals: [Double]) -> String {
    guard let low = totals.indices.min(by: { totals[$0] < totals[$1] }),
      let high = totals.indices.max(by: { totals[$0] < totals[$1] })
    else { return "No data." }
    return "\(categories.count) bars; the lowest is \(categories[low]) with \(y.text(totals[low])), "
      + "the highest \(categories[high]) with \(y.text(totals[high]))."
  }
}
