/// Examples to learn from and examples to judge by.
///
/// ```swift
/// let parties = try Dataset.digits().split(testFraction: 0.2, seed: 1, stratified: true)
///   .partitioned(.iid, parties: 10, seed: 7)
/// ```
public struct TrainTestSplit: Sendable {
  public var train: DatasetView
  public var test: DatasetView

  public init(train: DatasetView, test: DatasetView) {
    self.train = train
    self.test = test
  }

  /// Deals the training part out to parties and keeps the test part beside them.
  ///
  /// - Throws: as ``DatasetView/partitioned(_:parties:seed:validation:)``.
  public func partitioned(
    _ partitioner: Partitioner, parties: Int? = nil, seed: UInt64 = 0, validation: ValidationShare? = nil
  ) throws -> Partition {
    try train.partitioned(partitioner, parties: parties, seed: seed, test: test, validation: validation)
  }
}
