import FluxionCalculus

extension DatasetView {
  /// Party sizes drawn from Dir(α, …, α), at least one example each; who gets which example is IID.
  ///
  /// One example goes to each party first and the rest is cut in proportion to the draw, at rounded cumulative sums.
  /// Li, Diao, Chen and He 2021, "Federated learning on non-IID data silos: an experimental study", arXiv 2102.02079,
  /// section 4.3 (quantity skew).
  func dealQuantity(alpha: Double, to parties: Int, key: RandomKey) throws -> Deal {
    try Self.checkAlpha(alpha, for: .quantity(alpha: alpha))
    let key = key.folding("quantity")
    var generator = key.folding("sizes").generator()
    let shares = generator.nextDirichlet(alpha: alpha, count: parties)
    let rest = count - parties
    var offsets = [0]
    offsets.reserveCapacity(parties + 1)
    var sum = 0.0
    for (party, share) in shares.enumerated() {
      sum += share
      let cut = party == parties - 1 ? rest : Int((min(sum, 1) * Double(rest)).rounded())
      offsets.append(party + 1 + cut)
    }
    var shuffled = Array(indices)
    shuffled.shuffleInPlace(key: key.folding("order"))
    return Deal(indices: shuffled, offsets: offsets)
  }
}
