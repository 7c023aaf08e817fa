/// Scores of positives and negatives, for statistics of their ranks.
struct Ranking: Hashable, Sendable, Codable {
  private var positives: [Float] = []
  private var negatives: [Float] = []

  mutating func add(score: Float, isPositive: Bool) {
    if isPositive { positives.append(score) } else { negatives.append(score) }
  }

  mutating func add(_ other: Ranking) {
    positives += other.positives
    negatives += other.negatives
  }

  /// The share of pairs of a positive and a negative where the positive scores higher, ties counting one half; nil
  /// without such a pair, or if a score is not a number.
  ///
  /// Counted in integers, so the order in which scores came does not matter.
  var areaUnderCurve: Double? {
    guard !positives.isEmpty, !negatives.isEmpty, !positives.contains(where: \.isNaN),
      !negatives.contains(where: \.isNaN)
    else { return nil }
    let (positives, negatives) = (positives.sorted(), negatives.sorted())
    var (below, notAbove, doubled) = (0, 0, 0)
    for score in positives {
      while below < negatives.count, negatives[below] < score { below += 1 }
      notAbove = max(notAbove, below)
      while notAbove < negatives.count, negatives[notAbove] <= score { notAbove += 1 }
      doubled += below + notAbove
    }
    return Double(doubled) / (2 * Double(positives.count) * Double(negatives.count))
  }
}
