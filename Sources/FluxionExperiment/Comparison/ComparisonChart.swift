/// One picture of a group: accuracy or loss, by round, by bytes or by seconds, a line a variant.
struct ComparisonChart {
  enum Measure: String {
    case accuracy, loss

    func value(of point: ComparisonRecord.Point) -> Double? { self == .accuracy ? point.accuracy : point.loss }

    var heading: String { self == .accuracy ? "Accuracy" : "Loss" }
  }

  enum Axis: String, CaseIterable {
    case round, bytes, seconds

    func value(of point: ComparisonRecord.Point) -> Double {
      switch self {
      case .round: Double(point.round)
      case .bytes: Double(point.bytes)
      case .seconds: point.seconds
      }
    }

    var words: String {
      switch self {
      case .round: "by round"
      case .bytes: "by bytes sent, both ways"
      case .seconds: "by seconds of training"
      }
    }
  }

  /// Unique on its page, and the name of its file.
  let id: String
  let measure: Measure
  let axis: Axis
  let chart: LineChart

  /// Places on an axis that is not counted in rounds.
  private static let places = 120

  var heading: String { "\(measure.heading) \(axis.words)" }
  var hasData: Bool { chart.series.contains { !$0.points.isEmpty } }
  /// Below the directory of the comparison.
  var path: String { "charts/\(id).svg" }

  /// - Parameters:
  ///   - suffix: What tells the group's charts from another group's.
  ///   - colours: The number of each variant's colour, by its name.
  ///   - y: What the vertical axis reaches at least.
  init(
    _ measure: Measure, by axis: Axis, of variants: [ComparisonRecord.Variant], target: Double?, suffix: String,
    colours: [String: Int], including y: [Double]
  ) {
    id = "\(measure.rawValue)-by-\(axis.rawValue)\(suffix)"
    self.measure = measure
    self.axis = axis
    let seeds = variants.map { variant in variant.runs.map { Self.seed($0, measure, axis) } }
    let places = Self.places(of: seeds, on: axis)
    let series = zip(variants, seeds).map { variant, seeds -> LineChart.Series in
      let curve = MeanCurve(seeds, at: places)
      let colour = colours[variant.name] ?? 0
      return LineChart.Series(
        variant.name, curve.points, isDashed: colour >= ChartStyle.seriesCount,
        ranges: seeds.count > 1 ? curve.ranges : [],
        colour: colour)
    }
    let horizontal: ChartAxis =
      switch axis {
      case .round: ChartAxis("round", unit: .count)
      case .bytes: ChartAxis("sent", unit: .bytes, including: [0])
      case .seconds: ChartAxis("trained", unit: .seconds, including: [0])
      }
    var references: [LineChart.Reference] = []
    if measure == .accuracy, let target { references.append(.init("target", y: target)) }
    chart = LineChart(
      id: id, title: "\(measure.heading) \(axis.words)", x: horizontal,
      y: ChartAxis("", unit: measure == .accuracy ? .fraction : .number, including: y), series: series,
      references: references)
  }

  func svg(standalone: Bool) -> String {
    var chart = chart
    // On the page the variants are named once, above the group's charts.
    chart.hasLegend = standalone
    return chart.svg(standalone: standalone)
  }

  static func seed(_ run: ComparisonRecord.Run, _ measure: Measure, _ axis: Axis) -> MeanCurve.Seed {
    let points = run.rounds.compactMap { point in measure.value(of: point).map { (x: axis.value(of: point), y: $0) } }
    return MeanCurve.Seed(points: points, isDiverged: run.isDiverged)
  }

  /// The rounds that were evaluated, or places at equal distances, with the ends of each variant's line.
  private static func places(of variants: [[MeanCurve.Seed]], on axis: Axis) -> [Double] {
    let extents = variants.compactMap { MeanCurve.extent(of: $0) }
    guard axis != .round else { return Set(variants.joined().flatMap { $0.points.map(\.x) }).sorted() }
    guard let low = extents.map(\.lowerBound).min(), let high = extents.map(\.upperBound).max(), low < high else {
      return Set(extents.map(\.lowerBound)).sorted()
    }
    let even = (0...places).map { low + (high - low) * Double($0) / Double(places) }
    return Set(even + extents.flatMap { [$0.lowerBound, $0.upperBound] }).sorted()
  }
}
