import Foundation

/// What an axis measures and where its ticks are.
package struct ChartAxis: Sendable, Equatable {
  /// What the numbers are, which decides how they are written.
  package enum Unit: Sendable, Equatable {
    case number
    /// Fractions, written in percent.
    case fraction
    case seconds
    case bytes
    /// Whole numbers: ticks between them are left out.
    case count
  }

  package var title: String
  package var unit: Unit
  /// What the axis reaches at least; the data can widen it.
  package var including: [Double]

  package init(_ title: String, unit: Unit = .number, including: [Double] = []) {
    self.title = title
    self.unit = unit
    self.including = including
  }

  /// A value as hovers show it.
  func text(_ value: Double) -> String {
    switch unit {
    case .fraction: Figures.percent(value)
    case .seconds: Figures.seconds(value)
    case .bytes: Figures.bytes(Int(max(-9e18, min(9e18, value.isNaN ? 0 : value))))
    case .count: Figures.count(Int(max(-9e18, min(9e18, value.isNaN ? 0 : value)).rounded()))
    case .number: Figures.loss(value)
    }
  }
}

/// The range of an axis and its ticks, at round numbers.
struct ChartScale: Equatable {
  let lower: Double
  let upper: Double
  let ticks: [Double]
  /// One for each tick, all with as many digits after the point.
  let labels: [String]

  /// Covers the finite values. The ends are ticks if `rounded`, else the values' own.
  init(_ values: some Sequence<Double>, axis: ChartAxis, count: Int, rounded: Bool) {
    let finite = (Array(values) + axis.including).filter { $0.isFinite && abs($0) < 1e15 }
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if high - low <= 1e-9 * max(abs(high), abs(low)) {
      // One value: room around it, on the side of zero that it is on.
      let room = high == 0 ? 1 : abs(high) / 2
      (low, high) = axis.unit == .count ? (low - 1, high + 1) : (low - room, high + room)
      if axis.including.contains(0), finite.allSatisfy({ $0 >= 0 }) { low = max(0, low) }
    }
    let step = Self.step(of: (high - low) / Double(max(1, count)), unit: axis.unit)
    if rounded {
      low = (low / step + 1e-9).rounded(.down) * step
      high = (high / step - 1e-9).rounded(.up) * step
    }
    lower = low
    upper = high
    let first = Int((low / step - 1e-9).rounded(.up))
    let last = Int((high / step + 1e-9).rounded(.down))
    let ticks = first <= last ? (first...last).map { Double($0) * step } : []
    self.ticks = ticks
    labels = Self.labels(ticks, step: step, unit: axis.unit)
  }

  /// Where a value lies between the ends: 0 at the lower, 1 at the upper.
  func position(_ value: Double) -> Double { (value - lower) / (upper - lower) }

  /// The round number, 1, 2 or 5 times a power of ten, that is next above.
  private static func step(of raw: Double, unit: ChartAxis.Unit) -> Double {
    guard raw > 0, raw.isFinite else { return 1 }
    let power = pow(10, log10(raw).rounded(.down))
    let step = ([1, 2, 5, 10].first { $0 * power >= raw * (1 - 1e-9) } ?? 10) * power
    return unit == .count ? max(1, step.rounded()) : step
  }

  private static func labels(_ ticks: [Double], step: Double, unit: ChartAxis.Unit) -> [String] {
    let largest = ticks.map(abs).max() ?? 0
    func fixed(_ factor: Double, _ suffix: String) -> [String] {
      let digits = max(0, min(8, Int((-log10(step * factor) - 1e-9).rounded(.up))))
      return ticks.map { $0 == 0 && suffix.hasPrefix(" ") ? "0" : Figures.fixed($0 * factor, digits: digits) + suffix }
    }
    switch unit {
    case .fraction: return fixed(100, "%")
    case .count: return ticks.map { Figures.count(Int($0)) }
    case .seconds:
      if largest >= 7200 { return fixed(1.0 / 3600, " h") }
      if largest >= 180 { return fixed(1.0 / 60, " min") }
      return largest < 0.5 ? fixed(1000, " ms") : fixed(1, " s")
    case .bytes:
      let prefix = Figures.Prefix(for: largest)
      return fixed(1 / prefix.factor, " \(prefix.symbol)B")
    case .number:
      if largest >= 1e6 || (largest > 0 && largest < 1e-3) { return ticks.map { Figures.loss($0) } }
      return fixed(1, "")
    }
  }
}
