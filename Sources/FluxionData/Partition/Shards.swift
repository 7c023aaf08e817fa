import FluxionCalculus

extension DatasetView {
  /// Sorts by label, cuts into `parties * perParty` shards of nearly equal size and deals `perParty` to each.
  ///
  /// McMahan, Moore, Ramage, Hampson and Agüera y Arcas 2017, "Communication-efficient learning of deep networks from
  /// decentralized data", arXiv 1602.05629, section 3: the pathological non-IID partition. Shards differ by at most
  /// one example where the paper's sizes divide.
  func dealShards(_ perParty: Int, to parties: Int, key: RandomKey) throws -> Deal {
    let (labels, classCount) = try requiredLabels(for: .shards(perParty: perParty))
    let (shards, overflow) = parties.multipliedReportingOverflow(by: perParty)
    guard perParty >= 1 else {
      throw FluxionError(.invalidArgument, "\(perParty) shards a party is too few; each needs at least 1")
    }
    guard !overflow, shards <= count else {
      throw FluxionError(
        .invalidArgument,
        "\(parties) parties of \(perParty) shards each cannot share \(count) samples of \"\(dataset.name)\"; "
          + "use at most \(count / parties) shards a party")
    }
    let sorted = Self.stablySorted(indices, by: labels, classCount: classCount).indices
    let bounds = evenOffsets(of: count, parts: shards)
    var order = (0..<Int32(shards)).map { $0 }
    order.shuffleInPlace(key: key.folding("shards"))
    var deal = Deal(indices: [], offsets: [0])
    deal.indices.reserveCapacity(count)
    deal.offsets.reserveCapacity(parties + 1)
    for (position, shard) in order.enumerated() {
      deal.indices.append(contentsOf: sorted[bounds[Int(shard)]..<bounds[Int(shard) + 1]])
      if (position + 1).isMultiple(of: perParty) { deal.offsets.append(deal.indices.count) }
    }
    return deal
  }

  /// A counting sort: the indices by label, equal labels in their given order, and where each class begins.
  static func stablySorted(
    _ indices: ArraySlice<Int32>, by labels: [Int32], classCount: Int
  ) -> (indices: [Int32], starts: [Int]) {
    var starts = [Int](repeating: 0, count: classCount + 1)
    for label in labels { starts[Int(label) + 1] += 1 }
    for label in 0..<classCount { starts[label + 1] += starts[label] }
    var next = starts
    var sorted = [Int32](repeating: 0, count: indices.count)
    for (index, label) in zip(indices, labels) {
      sorted[next[Int(label)]] = index
      next[Int(label)] += 1
    }
    return (sorted, starts)
  }
}
