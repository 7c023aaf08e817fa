/// Curves over a common horizontal axis, such as accuracy by round, with hovers and levels to compare with.
///
/// ```swift
/// let chart = LineChart(
///   id: "loss", title: "Loss by round", x: ChartAxis("round", unit: .count), y: ChartAxis("loss"),
///   series: [.init("test", [(1, 2.1), (2, 1.4)])])
/// let file = chart.svg(standalone: true)
/// ```
package struct LineChart: Sendable {
  package struct Series: Sendable {
    package var name: String
    /// In ascending order of x; a y that is not finite interrupts the curve.
    package var points: [(x: Double, y: Double)]
    package var isDashed: Bool
    /// One of many, drawn thin and grey behind the others and left out of the legend; such series come last.
    package var isFaint: Bool
    /// What lies around the curve, a range a point, drawn as a band; empty for none.
    package var ranges: [(low: Double, high: Double)]
    /// The number of its colour, from 0; nil for its place among the series.
    package var colour: Int?

    package init(
      _ name: String, _ points: [(x: Double, y: Double)], isDashed: Bool = false, isFaint: Bool = false,
      ranges: [(low: Double, high: Double)] = [], colour: Int? = nil
    ) {
      self.name = name
      self.points = points
      self.isDashed = isDashed
      self.isFaint = isFaint
      self.ranges = ranges.count == points.count ? ranges : []
      self.colour = colour
    }

    /// The range at a point; nil where it is none.
    fileprivate func range(at index: Int) -> (low: Double, high: Double)? {
      guard index < ranges.count, ranges[index].low.isFinite, ranges[index].high.isFinite else { return nil }
      return ranges[index]
    }
  }

  /// A level across the chart.
  package struct Reference: Sendable {
    package var name: String
    package var y: Double

    package init(_ name: String, y: Double) {
      self.name = name
      self.y = y
    }
  }

  /// Unique on its page.
  package var id: String
  package var title: String
  package var x: ChartAxis
  package var y: ChartAxis
  package var series: [Series]
  package var references: [Reference]
  /// Whether the series are named above the plot, where there are several.
  package var hasLegend = true

  /// More points than this in a curve are thinned out, keeping its peaks.
  static let maximumPoints = 480
  /// With more places on the axis than this there are no hovers.
  static let maximumBands = 240

  package init(
    id: String, title: String, x: ChartAxis, y: ChartAxis, series: [Series], references: [Reference] = []
  ) {
    self.id = id
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.references = references
  }

  package func svg(standalone: Bool = false) -> String {
    let curves = series.map { $0.points.filter { $0.x.isFinite && $0.y.isFinite } }
    let levels = references.filter { $0.y.isFinite }
    let named = hasLegend && series.count > 1 ? series.indices.filter { !series[$0].isFaint } : []
    let entries: [ChartCanvas.LegendEntry] = named.map { (Self.short(series[$0].name), marks(of: $0), true) }
    let legend = ChartCanvas.legendHeight(entries, width: 480 - 14)
    let canvas = ChartCanvas(width: 480, height: 242 + legend, left: 54, right: 14, top: legend, bottom: 40)
    return canvas.svg(id: id, title: title, description: description(curves), standalone: standalone) { svg in
      guard curves.contains(where: { !$0.isEmpty }) else {
        canvas.noData(into: &svg)
        return
      }
      let across = ChartScale(curves.joined().map(\.x), axis: x, count: 6, rounded: false)
      let edges = series.flatMap { one in
        one.points.indices.compactMap { one.range(at: $0) }.flatMap { [$0.low, $0.high] }
      }
      let up = ChartScale(curves.joined().map(\.y) + edges + levels.map(\.y), axis: y, count: 5, rounded: true)
      canvas.verticalAxis(up, into: &svg)
      horizontalAxis(across, canvas, into: &svg)
      canvas.legend(entries, into: &svg)
      for index in series.indices.reversed() { band(index, across: across, up: up, canvas, into: &svg) }
      for level in levels { reference(level, at: canvas.y(up.position(level.y)), canvas, into: &svg) }
      // Dashes over what they may cover, the first series over the later ones.
      for index in series.indices.reversed().filter({ !series[$0].isDashed })
        + series.indices.filter({ series[$0].isDashed })
      {
        curve(index, across: across, up: up, canvas, into: &svg)
      }
      for level in levels { name(level, beside: curves.first { !$0.isEmpty } ?? [], up, canvas, into: &svg) }
      bands(curves, across, canvas, into: &svg)
    }
  }

  /// A name as long as a row of the legend has room for.
  private static func short(_ name: String) -> String { name.count > 52 ? name.prefix(51) + "…" : name }

  private func colour(of index: Int) -> Int { ChartStyle.number(ofSeries: series[index].colour ?? index) }

  private func marks(of index: Int) -> String {
    series[index].isFaint ? "faint" : "stroke-\(colour(of: index))" + (series[index].isDashed ? " dashed" : "")
  }

  private func horizontalAxis(_ scale: ChartScale, _ canvas: ChartCanvas, into svg: inout Markup) {
    let y = canvas.y(0)
    canvas.line(from: (canvas.left, y), to: (canvas.width - canvas.right, y), class: "axis", into: &svg)
    for (tick, text) in zip(scale.ticks, scale.labels) {
      canvas.label(text, x: canvas.x(scale.position(tick)), y: y + 17, class: "middle", into: &svg)
    }
    canvas.label(x.title, x: canvas.left + canvas.plotWidth / 2, y: y + 35, class: "middle", into: &svg)
    canvas.label(self.y.title, x: 0, y: 13, into: &svg)
  }

  private func reference(_ level: Reference, at y: Double, _ canvas: ChartCanvas, into svg: inout Markup) {
    canvas.line(from: (canvas.left, y), to: (canvas.width - canvas.right, y), class: "reference", into: &svg)
  }

  /// The level's name above it, on the side where the curve is farther away.
  private func name(
    _ level: Reference, beside curve: [(x: Double, y: Double)], _ scale: ChartScale, _ canvas: ChartCanvas,
    into svg: inout Markup
  ) {
    let isRight = abs((curve.last?.y ?? 0) - level.y) > abs((curve.first?.y ?? 0) - level.y)
    canvas.label(
      level.name, x: isRight ? canvas.width - canvas.right - 6 : canvas.left + 6,
      y: canvas.y(scale.position(level.y)) - 5, class: isRight ? "halo end" : "halo", into: &svg)
  }

  /// The curve, in pieces where values are missing, and a dot at its end.
  private func curve(
    _ index: Int, across: ChartScale, up: ChartScale, _ canvas: ChartCanvas, into svg: inout Markup
  ) {
    var path = ""
    var isPenDown = false
    var last: (x: Double, y: Double)?
    let points = series[index].points.filter { $0.x.isFinite }
    for point in Self.thinned(points).map({ points[$0] }) {
      guard point.y.isFinite else {
        isPenDown = false
        continue
      }
      let place = (x: canvas.x(across.position(point.x)), y: canvas.y(up.position(point.y)))
      path += "\(isPenDown ? "L" : "M")\(Markup.coordinate(place.x)) \(Markup.coordinate(place.y))"
      // A piece of one point is drawn as a dot by its round cap.
      if !isPenDown { path += "h0" }
      isPenDown = true
      last = place
    }
    guard let last else { return }
    if series[index].isFaint {
      svg.empty("path", ["d": path, "class": "line faint"])
      return
    }
    let thin = series[index].points.count > 120 ? " thin" : ""
    svg.empty("path", ["d": path, "class": "line\(thin) \(marks(of: index))"])
    svg.empty(
      "circle",
      [
        "cx": Markup.coordinate(last.x), "cy": Markup.coordinate(last.y), "r": "3.6",
        "class": "fill-\(colour(of: index))",
      ])
  }

  /// What lies around a curve: along the upper edges, and back along the lower ones.
  private func band(
    _ index: Int, across: ChartScale, up: ChartScale, _ canvas: ChartCanvas, into svg: inout Markup
  ) {
    let one = series[index]
    let places = one.points.indices.filter { one.points[$0].x.isFinite && one.range(at: $0) != nil }
    let kept = Self.thinned(places.map { one.points[$0] }).map { places[$0] }
    guard kept.count > 1 else { return }
    func corner(_ place: Int, _ y: Double) -> String {
      "\(Markup.coordinate(canvas.x(across.position(one.points[place].x)))) \(Markup.coordinate(canvas.y(up.position(y))))"
    }
    let edge = kept.map { corner($0, one.ranges[$0].high) } + kept.reversed().map { corner($0, one.ranges[$0].low) }
    svg.empty("path", ["d": "M\(edge.joined(separator: "L"))Z", "class": "area fill-\(colour(of: index))"])
  }

  /// Invisible bands, one a place on the horizontal axis, that tell on hovering what is there.
  private func bands(
    _ curves: [[(x: Double, y: Double)]], _ scale: ChartScale, _ canvas: ChartCanvas, into svg: inout Markup
  ) {
    let places = Set(curves.joined().map(\.x)).sorted()
    guard places.count <= Self.maximumBands else { return }
    for (index, place) in places.enumerated() {
      let middle = canvas.x(scale.position(place))
      let before = index > 0 ? (canvas.x(scale.position(places[index - 1])) + middle) / 2 : canvas.left
      let after =
        index + 1 < places.count
        ? (canvas.x(scale.position(places[index + 1])) + middle) / 2 : canvas.width - canvas.right
      var lines = ["\(x.title) \(x.text(place))"]
      for one in series {
        guard let point = one.points.firstIndex(where: { $0.x == place && $0.y.isFinite }) else { continue }
        let range = one.range(at: point).map { " (\(y.text($0.low)) to \(y.text($0.high)))" } ?? ""
        lines.append("\(one.name): \(y.text(one.points[point].y))\(range)")
      }
      svg.element(
        "rect",
        [
          "class": "band", "x": Markup.coordinate(before), "y": Markup.coordinate(canvas.top),
          "width": Markup.coordinate(after - before), "height": Markup.coordinate(canvas.plotHeight),
        ]
      ) { $0.element("title", text: lines.joined(separator: "\n")) }
    }
  }

  /// Where each curve begins and ends, in words.
  private func description(_ curves: [[(x: Double, y: Double)]]) -> String {
    let words = zip(series, curves).compactMap { one, points -> String? in
      guard let first = points.first, let last = points.last else { return nil }
      guard points.count > 1 else { return "\(one.name): \(y.text(first.y)) at \(x.title) \(x.text(first.x))" }
      return "\(one.name): from \(y.text(first.y)) at \(x.title) \(x.text(first.x)) to \(y.text(last.y)) at "
        + "\(x.title) \(x.text(last.x))"
    }
    let levels = references.filter { $0.y.isFinite }.map { "\($0.name): \(y.text($0.y))" }
    return words.isEmpty ? "No data." : (words + levels).joined(separator: "; ") + "."
  }

  /// Where at most ``maximumPoints`` of the points are: of each stretch the lowest and the highest; a missing value if
  /// there was one.
  static func thinned(_ points: [(x: Double, y: Double)]) -> [Int] {
    guard points.count > maximumPoints else { return Array(points.indices) }
    let stretches = maximumPoints / 3
    return (0..<stretches).flatMap { stretch -> [Int] in
      let slice = points[(stretch * points.count / stretches)..<((stretch + 1) * points.count / stretches)]
      let finite = slice.indices.filter { slice[$0].y.isFinite }
      var kept: Set<Int> = []
      if let low = finite.min(by: { slice[$0].y < slice[$1].y }) { kept.insert(low) }
      if let high = finite.max(by: { slice[$0].y < slice[$1].y }) { kept.insert(high) }
      if let missing = slice.indices.first(where: { !slice[$0].y.isFinite }) { kept.insert(missing) }
      return kept.sorted()
    }
  }
}
