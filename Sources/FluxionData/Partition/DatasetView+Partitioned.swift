import FluxionCalculus

extension DatasetView {
  /// Deals the examples of this view out to parties, every example to exactly one.
  ///
  /// The result is a function of the view, the partitioner, the number of parties, the seed and the validation share.
  ///
  /// - Parameters:
  ///   - partitioner: How to deal.
  ///   - parties: How many parties; `.column` finds out by itself and may leave it out.
  ///   - seed: Another seed deals another way (except `.column`, which draws nothing).
  ///   - validation: What nobody trains on, see ``Partition/validation`` and ``Partition/validation(of:)``; nil keeps
  ///     nothing back.
  /// - Throws: `.invalidArgument` when there is no way to deal so: no parties, more parties or shards than examples,
  ///   an unknown column, labels asked of regression data, a concentration that is not a positive finite number, a
  ///   validation share that is not between 0 and 1.
  public func partitioned(
    _ partitioner: Partitioner, parties: Int? = nil, seed: UInt64 = 0, validation: ValidationShare? = nil
  ) throws -> Partition {
    try partitioned(partitioner, parties: parties, seed: seed, test: nil, validation: validation)
  }

  func partitioned(
    _ partitioner: Partitioner, parties: Int?, seed: UInt64, test: DatasetView?, validation: ValidationShare?
  ) throws -> Partition {
    try validation?.validate()
    let key = RandomKey(seed: seed).folding("validation")
    var partition: Partition
    switch validation {
    case nil:
      partition = Partition(
        dataset: dataset, test: test, partitioner: partitioner, seed: seed,
        deal: try deal(partitioner, parties: parties, seed: seed))
    case .parties(let fraction):
      let all = try deal(partitioner, parties: parties, seed: seed)
      let (training, withheld) = try all.withholding(fraction, of: dataset, key: key)
      partition = Partition(dataset: dataset, test: test, partitioner: partitioner, seed: seed, deal: training)
      partition.withheld = withheld
    case .server(let fraction):
      let split = try split(testFraction: fraction, key: key, stratified: dataset.classCount != nil)
      partition = Partition(
        dataset: dataset, test: test, partitioner: partitioner, seed: seed,
        deal: try split.train.deal(partitioner, parties: parties, seed: seed))
      partition.validation = split.test
    }
    return partition
  }

  private func deal(_ partitioner: Partitioner, parties: Int?, seed: UInt64) throws -> Deal {
    let key = RandomKey(seed: seed).folding("partition")
    switch partitioner {
    case .iid: return dealIID(to: try checked(parties, for: partitioner), key: key)
    case .shards(let perParty):
      return try dealShards(perParty, to: try checked(parties, for: partitioner), key: key)
    case .dirichlet(let alpha):
      return try dealDirichlet(alpha: alpha, to: try checked(parties, for: partitioner), key: key)
    case .quantity(let alpha):
      return try dealQuantity(alpha: alpha, to: try checked(parties, for: partitioner), key: key)
    case .column(let name): return try dealColumn(name, parties: parties)
    }
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
  /// Deals all examples out to parties; see ``DatasetView/partitioned(_:parties:seed:validation:)``.
  public func partitioned(
    _ partitioner: Partitioner, parties: Int? = nil, seed: UInt64 = 0, validation: ValidationShare? = nil
  ) throws -> Partition {
    try all.partitioned(partitioner, parties: parties, seed: seed, validation: validation)
  }
}

/// Where each of `parts` begins when `count` is cut so that sizes differ by at most one, larger parts first.
func evenOffsets(of count: Int, parts: Int) -> [Int] {
  let (size, larger) = count.quotientAndRemainder(dividingBy: parts)
  return (0...parts).map { $0 * size + min($0, larger) }
}
