import FluxionCalculus

/// Sorting as a program: comparators of `minimum` and `maximum`, the same whatever the values, so that calculus
/// differentiates it.
///
/// Batcher's merge exchange (K. Batcher 1968, "Sorting networks and their applications"; Knuth, "The Art of Computer
/// Programming", volume 3, algorithm 5.2.2M), for any number of inputs, with `n (log₂ n)² / 4` comparators about. What
/// the wanted ranks do not need is dead code and is never compiled.
///
/// **Ties.** `minimum` and `maximum` of equal values share the derivative, a half each. By induction over the
/// comparators, the derivative of every rank is a vector of non-negative weights that sum to 1, on inputs that have the
/// value of that rank: one of the generalised derivatives (Clarke 1983) of a function that has no derivative there. How
/// tied inputs share the 1 follows from the network and is not always evenly.
enum SortingNetwork {
  /// Pairs of positions; each puts the lesser value at the first.
  static func comparators(_ count: Int) -> [(low: Int, high: Int)] {
    guard count > 1 else { return [] }
    var pairs: [(low: Int, high: Int)] = []
    var top = 1
    while top * 2 < count { top *= 2 }
    var p = top
    while p > 0 {
      var (q, r, d) = (top, 0, p)
      while true {
        for i in 0..<(count - d) where i & p == r { pairs.append((i, i + d)) }
        guard q != p else { break }
        (d, q, r) = (q - p, q / 2, p)
      }
      p /= 2
    }
    return pairs
  }

  /// The vectors' values in ascending order, coordinate by coordinate.
  static func sorted(_ vectors: [Tensor]) -> [Tensor] {
    var sorted = vectors
    for (low, high) in comparators(vectors.count) {
      (sorted[low], sorted[high]) = (minimum(sorted[low], sorted[high]), maximum(sorted[low], sorted[high]))
    }
    return sorted
  }

  /// The mean of the ranks of a range.
  static func mean(of ranks: Range<Int>, _ vectors: [Tensor]) -> Tensor {
    let kept = sorted(vectors)[ranks]
    guard let first = kept.first else { return vectors[0] }
    guard kept.count > 1 else { return first }
    return kept.dropFirst().reduce(first, +) * Tensor(1 / Float(kept.count))
  }
}
