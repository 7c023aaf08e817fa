import FluxionCalculus

extension DatasetView {
  /// Takes a part of the examples for testing, at random.
  ///
  /// - Parameters:
  ///   - testFraction: The part for testing, in (0, 1); rounded to whole examples, at least one on each side.
  ///   - seed: Another seed takes other examples.
  ///   - stratified: Take the same part of every class, to rounding (largest remainders first).
  /// - Throws: `.invalidArgument` for a fraction outside (0, 1), fewer than 2 examples, or stratified regression data.
  public func split(testFraction: Double, seed: UInt64 = 0, stratified: Bool = false) throws -> TrainTestSplit {
    try split(testFraction: testFraction, key: RandomKey(seed: seed).folding("split"), stratified: stratified)
  }

  func split(testFraction: Double, key: RandomKey, stratified: Bool) throws -> TrainTestSplit {
    guard testFraction > 0, testFraction < 1 else {
      throw FluxionError(
        .invalidArgument, "a test fraction of \(testFraction) leaves nothing on one side; use a number between 0 and 1")
    }
    guard count >= 2 else {
      throw FluxionError(
        .invalidArgument, "\"\(dataset.name)\" has \(count) samples; at least 2 are needed to split off a test part")
    }
    let testCount = min(count - 1, max(1, Int((Double(count) * testFraction).rounded())))
    var positions = (0..<Int32(count)).map { $0 }
    positions.shuffleInPlace(key: key)
    var isTest = [Bool](repeating: false, count: count)
    if stratified {
      guard case .classes = dataset.targets else {
        throw FluxionError(
          .invalidArgument,
          "a stratified split goes by class, but \"\(dataset.name)\" has regression targets; split it unstratified")
      }
      let labels = self.labels
      var quota = Self.proportions(of: testCount, over: labelHistogram())
      for position in positions where quota[Int(labels[Int(position)])] > 0 {
        quota[Int(labels[Int(position)])] -= 1
        isTest[Int(position)] = true
      }
    } else {
      for position in positions.prefix(testCount) { isTest[Int(position)] = true }
    }
    // Both parts keep the view's order: locality for gathering, and stable sorts by label stay stable.
    var (train, test): ([Int32], [Int32]) = ([], [])
    for (index, isTest) in zip(indices, isTest) {
      if isTest { test.append(index) } else { train.append(index) }
    }
    return TrainTestSplit(
      train: DatasetView(dataset, uncheckedIndices: train[...]), test: DatasetView(dataset, uncheckedIndices: test[...])
    )
  }

  /// Shares `total` out in proportion to `weights`, by largest remainder; equal remainders by position.
  static func proportions(of total: Int, over weights: [Int]) -> [Int] {
    let sum = weights.reduce(0, +)
    guard sum > 0 else { return weights.map { _ in 0 } }
    let products = weights.map { $0 * total }
    var shares = products.map { $0 / sum }
    let order = products.indices.sorted { (products[$1] % sum, $0) < (products[$0] % sum, $1) }
    for position in order.prefix(total - shares.reduce(0, +)) { shares[position] += 1 }
    return shares
  }
}

extension Dataset {
  /// Takes a part of all examples for testing; see ``DatasetView/split(testFraction:seed:stratified:)``.
  public func split(testFraction: Double, seed: UInt64 = 0, stratified: Bool = false) throws -> TrainTestSplit {
    try all.split(testFraction: testFraction, seed: seed, stratified: stratified)
  }
}
