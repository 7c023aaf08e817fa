import FluxionCalculus

extension DatasetView {
  /// Shuffles and cuts evenly.
  func dealIID(to parties: Int, key: RandomKey) -> Deal {
    var shuffled = Array(indices)
    shuffled.shuffleInPlace(key: key.folding("iid"))
    return Deal(indices: shuffled, offsets: evenOffsets(of: count, parts: parties))
  }
}
