/// How far the vectors of several parties, gradients or updates, point the same way.
public struct Agreement: Codable, Sendable, Equatable {
  /// `cos(g_i, g_j)`, a row a party, to four digits; nil where a vector is 0. Up to 100 parties are analysed.
  public var cosines: [[Double?]]
  /// The mean cosine of all pairs of parties.
  public var meanCosine: Double?
  /// `Σ‖g_k‖² / ‖Σ g_k‖²` (Yin et al. 2018, "Gradient diversity", arXiv 1706.05699, definition 1): 1/K for K equal
  /// vectors, 1 for orthogonal ones, above it where they cancel each other.
  public var diversity: Double?
  /// The share of pairs with a negative cosine, which is what Yu et al. 2020 ("Gradient surgery", arXiv 2001.06782)
  /// call conflicting gradients.
  public var conflict: Double?

  /// From the vectors' inner products.
  package init(_ gram: GramMatrix) {
    let count = gram.rows.count
    cosines = (0..<count).map { i in
      (0..<count).map { j in Self.cosine(gram, i, j).map { ($0 * 10_000).rounded() / 10_000 } }
    }
    let pairs = (0..<count).flatMap { i in (0..<i).compactMap { Self.cosine(gram, i, $0) } }
    meanCosine = pairs.isEmpty ? nil : pairs.reduce(0, +) / Double(pairs.count)
    conflict = pairs.isEmpty ? nil : Double(pairs.count { $0 < 0 }) / Double(pairs.count)
    let ones = [Double](repeating: 1, count: count)
    diversity = ((0..<count).reduce(0) { $0 + gram[$1, $1] } / gram.product(ones, ones)).finite
  }

  private static func cosine(_ gram: GramMatrix, _ i: Int, _ j: Int) -> Double? {
    if i == j { return gram[i, i] > 0 && gram[i, i].isFinite ? 1 : nil }
    return (gram[i, j] / (gram.norm(i) * gram.norm(j))).finite.map { max(-1, min(1, $0)) }
  }

  /// The mean cosine of a row's party with the others.
  public func meanCosine(of row: Int) -> Double? {
    let others = cosines[row].indices.filter { $0 != row }.compactMap { cosines[row][$0] }
    return others.isEmpty ? nil : others.reduce(0, +) / Double(others.count)
  }

  /// The rows that disagree with the rest: whose mean cosine to the others lies below the median of all rows' by more
  /// than three robust standard deviations, 3 · 1.4826 · MAD (Leys et al. 2013, "Detecting outliers: do not use standard
  /// deviation around the mean, use absolute deviation around the median"), and by at least 0.1, so that parties which
  /// all agree are not told apart by trifles. Fewer than four parties have no rest.
  public var outliers: [Int] {
    let means = cosines.indices.map(meanCosine(of:))
    let known = means.compactMap { $0 }
    guard known.count >= 4 else { return [] }
    let middle = Self.median(known)
    let deviation = 1.4826 * Self.median(known.map { abs($0 - middle) })
    return means.indices.filter { row in
      means[row].map { $0 < middle - max(3 * deviation, 0.1) } ?? false
    }
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let half = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }
}
