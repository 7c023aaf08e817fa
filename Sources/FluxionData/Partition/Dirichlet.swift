import FluxionCalculus

extension DatasetView {
  /// Equal-sized parties whose label mixtures are draws from Dir(α, …, α).
  ///
  /// Hsu, Qi and Brown 2019, "Measuring the effects of non-identical data distribution for federated visual
  /// classification", arXiv 1909.06335: each party draws a mixture `q ~ Dir(α)` over the classes and then its examples
  /// one after the other, label from `q`, without replacement; a class that has run out leaves the mixture, which is
  /// renormalised. Where a mixture has no class left, labels follow what remains, so that all examples are dealt
  /// (the paper leaves this open). Small α: few labels a party; large α: nearly IID. The last parties get what the
  /// first left over, as in the paper. O(samples · log classes + parties · classes).
  func dealDirichlet(alpha: Double, to parties: Int, key: RandomKey) throws -> Deal {
    try Self.checkAlpha(alpha, for: .dirichlet(alpha: alpha))
    let (labels, classCount) = try requiredLabels(for: .dirichlet(alpha: alpha))
    let key = key.folding("dirichlet")
    var shuffled = Array(indices)
    // Shuffling positions keeps indices and labels together; then each class is one run in random order.
    var positions = (0..<Int32(count)).map { $0 }
    positions.shuffleInPlace(key: key.folding("pools"))
    let start = indices.startIndex
    for (slot, position) in positions.enumerated() { shuffled[slot] = indices[start + Int(position)] }
    let shuffledLabels = positions.map { labels[Int($0)] }
    let pools = Self.stablySorted(shuffled[...], by: shuffledLabels, classCount: classCount)

    var mixture = LabelMixture(pools.starts)
    var mixtures = key.folding("mixtures").generator()
    var draws = key.folding("draws").generator()
    let offsets = evenOffsets(of: count, parts: parties)
    var dealt: [Int32] = []
    dealt.reserveCapacity(count)
    for party in 0..<parties {
      mixture.begin(mixtures.nextDirichlet(alpha: alpha, count: classCount))
      for _ in offsets[party]..<offsets[party + 1] {
        dealt.append(pools.indices[mixture.draw(from: &draws)])
      }
    }
    return Deal(indices: dealt, offsets: offsets)
  }
}

/// A party's mixture over the classes that still have examples.
private struct LabelMixture {
  /// The next example of each class and one past its last.
  private var next: [Int]
  private let end: [Int]
  private var weights: [Double]
  /// `cumulative[k]` is the weight of classes `0 ... k` that have examples left.
  private var cumulative: [Double]

  init(_ starts: [Int]) {
    next = Array(starts.dropLast())
    end = Array(starts.dropFirst())
    weights = [Double](repeating: 0, count: end.count)
    cumulative = weights
  }

  mutating func begin(_ mixture: [Double]) {
    weights = mixture
    renormalise()
  }

  private mutating func renormalise() {
    var sum = 0.0
    for label in cumulative.indices {
      sum += next[label] < end[label] ? weights[label] : 0
      cumulative[label] = sum
    }
    guard sum <= 1e-12 else { return }
    sum = 0
    for label in cumulative.indices {
      sum += Double(end[label] - next[label])
      cumulative[label] = sum
    }
  }

  /// Where the next example lies; there must be one left.
  mutating func draw(from generator: inout CounterBasedGenerator) -> Int {
    let point = generator.nextUniformDouble() * (cumulative.last ?? 0)
    // The first class whose cumulative weight exceeds the point: never one of weight zero.
    var (low, high) = (0, cumulative.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > point { high = middle } else { low = middle + 1 }
    }
    let position = next[low]
    next[low] += 1
    if next[low] == end[low] { renormalise() }
    return position
  }
}
