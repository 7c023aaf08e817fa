/// The mean of the curves of several seeds, with the lowest and the highest of them at each place.
///
/// A seed's curve goes straight from evaluation to evaluation. A seed that ended, because all rounds were run or the
/// target was reached, keeps its last value; the mean ends where the last seed does. It ends earlier where a seed
/// diverged: from there on there is no mean over all of them.
struct MeanCurve {
  /// One seed's values in ascending order of x.
  struct Seed {
    var points: [(x: Double, y: Double)]
    var isDiverged: Bool

    /// The value at a place; nil before the first point, and after the last of a seed that diverged.
    func value(at x: Double) -> Double? {
      guard let first = points.first, let last = points.last, x >= first.x else { return nil }
      guard x < last.x else { return x == last.x || !isDiverged ? last.y : nil }
      // The first point beyond x; there is one, and one before it.
      var (low, high) = (0, points.count - 1)
      while high - low > 1 {
        let middle = (low + high) / 2
        if points[middle].x <= x { low = middle } else { high = middle }
      }
      let (a, b) = (points[low], points[high])
      return b.x > a.x ? a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x) : a.y
    }
  }

  var points: [(x: Double, y: Double)] = []
  /// A range a point.
  var ranges: [(low: Double, high: Double)] = []

  /// The mean at those of the places where every seed has a value; none where there is no seed.
  init(_ seeds: [Seed], at places: [Double]) {
    guard let extent = Self.extent(of: seeds) else { return }
    for place in places where extent.contains(place) {
      guard let values = Spread(seeds.compactMap { $0.value(at: place) }), values.count == seeds.count else { continue }
      points.append((place, values.mean))
      ranges.append((values.lowest, values.highest))
    }
  }

  /// From where all seeds have begun to where the mean ends; nil if it never begins.
  static func extent(of seeds: [Seed]) -> ClosedRange<Double>? {
    guard !seeds.isEmpty, seeds.allSatisfy({ !$0.points.isEmpty }) else { return nil }
    let start = seeds.compactMap(\.points.first?.x).max() ?? 0
    let end = seeds.filter(\.isDiverged).compactMap(\.points.last?.x).min() ?? seeds.compactMap(\.points.last?.x).max()
    return end.flatMap { start <= $0 ? start...$0 : nil }
  }
}
