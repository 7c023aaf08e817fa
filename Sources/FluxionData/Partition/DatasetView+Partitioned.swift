import FluxionCalculus

extension DatasetView {
  /// Deals the examples of this view out to parties, every example to exactly one.
  ///
  /// The result is a function of the view, the partitioner, the number of parties and the seed.
  ///
  /// - Parameters:
  ///   - partitioner: How to deal.
  ///   - parties: How many parties; `.column` finds out by itself and may leave it out.
  ///   - seed: Another seed deals another way (except `.column`, which draws nothing).
  /// - Throws: `.invalidArgument` when there is no way to deal so: no parties, more parties or shards than examples,
  ///   an unknown column, labels asked of regression data, a concentration that is not a positive finite number.
  public func partitioned(_ partitioner: Partitioner, parties: Int? = nil, seed: UInt64 = 0) throws -> Partition {
    try partitioned(partitioner, parties: parties, seed: seed, test: nil)
  }

  func partitioned(_ partitioner: Partitioner, parties: Int?, seed: UInt64, test: DatasetView?) throws -> Partition {
    let key = RandomKey(seed: seed).folding("partition")
    let deal: Deal
    switch partitioner {
    case .iid: deal = dealIID(to: try checked(parties, for: partitioner), key: key)
    case .shards(let perParty):
      deal = try dealShards(perParty, to: try checked(parties, for: partitioner), key: key)
    case .dirichlet(let alpha):
      deal = try dealDirichlet(alpha: alpha, to: try checked(parties, for: partitioner), key: key)
    case .quantity(let alpha):
      deal = try dealQuantity(alpha: alpha, to: try checked(parties, for: partitioner), key: key)
    case .column(let name): deal = try dealColumn(name, parties: parties)
    }
    return Partition(dataset: dataset, test: test, partitioner: partitioner, seed: seed, deal: deal)
  }

  private func checked(_ parties: Int?, for partitioner: Partitioner) throws -> Int {
    guard let parties else {
      throw FluxionError(.invalidArgument, "partition \"\(partitioner)\" needs the number of parties")
    }
    guard parties >= 1 else {
      throw FluxionError(
        .invalidArgument, "\(parties) parties cannot share a dataset; there must be at least 1 party")
    }
    guard parties <= count else {
      throw FluxionError(
        .invalidArgument,
        "\(parties) parties cannot share \(count) samples of \"\(dataset.name)\"; use at most \(count) parties")
    }
    return parties
  }

  /// The label of each example of the view, and the number of classes.
  func requiredLabels(for partitioner: Partitioner) throws -> (labels: [Int32], classCount: Int) {
    guard case .classes(let labels, let classCount, _) = dataset.targets else {
      throw FluxionError(
        .invalidArgument,
        "partition \"\(partitioner)\" goes by label, but \"\(dataset.name)\" has regression targets; "
          + "use iid, quantity:ALPHA or column:NAME")
    }
    return (indices.map { labels[Int($0)] }, classCount)
  }

  static func checkAlpha(_ alpha: Double, for partitioner: Partitioner) throws {
    guard alpha > 0, alpha.isFinite else {
      throw FluxionError(
        .invalidArgument, "partition \"\(partitioner)\" needs an alpha that is a finite number above 0")
    }
  }
}

extension Dataset {
  /// Deals all examples out to parties; see ``DatasetView/partitioned(_:parties:seed:)``.
  public func partitioned(_ partitioner: Partitioner, parties: Int? = nil, seed: UInt64 = 0) throws -> Partition {
    try all.partitioned(partitioner, parties: parties, seed: seed)
  }
}

/// Where each of `parts` begins when `count` is cut so that sizes differ by at most one, larger parts first.
func evenOffsets(of count: Int, parts: Int) -> [Int] {
  let (size, larger) = count.quotientAndRemainder(dividingBy: parts)
  return (0...parts).map { $0 * size + min($0, larger) }
}
