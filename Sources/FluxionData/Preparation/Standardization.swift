import FluxionCalculus

/// Statistics of stored features, from which a ``Normalization`` is made.
extension DatasetView {
  /// The normalisation that gives the features of this view mean 0 and standard deviation 1 (of the population).
  ///
  /// A feature that never changes is only centred. Computed in `Double`, in two passes, from the features as stored:
  /// it replaces the dataset's normalisation rather than following it.
  ///
  /// - Parameter perFeature: One mean and deviation a feature, or (false) one for all, as is usual for images.
  /// - Throws: `.invalidArgument` for a view without examples.
  public func standardization(perFeature: Bool = true) throws -> Normalization {
    try requireExamples()
    let means = Self.average(over: perFeature, sums { value, _ in value }, count: count)
    let variances = Self.average(
      over: perFeature,
      sums { value, feature in
        let deviation = value - means[perFeature ? feature : 0]
        return deviation * deviation
      }, count: count)
    let scale = variances.map { $0 > 0 ? 1 / $0.squareRoot() : 1 }
    return Normalization(scale: scale.map { Float($0) }, shift: zip(means, scale).map { Float(-$0 * $1) })
  }

  /// The normalisation that takes the smallest value of this view to 0 and the largest to 1.
  ///
  /// A feature that never changes becomes 0. From the features as stored, like ``standardization(perFeature:)``.
  ///
  /// - Parameter perFeature: One range a feature, or (false) one for all.
  /// - Throws: `.invalidArgument` for a view without examples.
  public func minMaxScaling(perFeature: Bool = true) throws -> Normalization {
    try requireExamples()
    let width = perFeature ? dataset.featureCount : 1
    var low = [Double](repeating: .infinity, count: width)
    var high = [Double](repeating: -.infinity, count: width)
    forEachStoredRow { row in
      for (feature, value) in row.enumerated() {
        let slot = perFeature ? feature : 0
        low[slot] = min(low[slot], value)
        high[slot] = max(high[slot], value)
      }
    }
    let scale = zip(low, high).map { $1 > $0 ? 1 / ($1 - $0) : 1 }
    return Normalization(scale: scale.map { Float($0) }, shift: zip(low, scale).map { Float(-$0 * $1) })
  }

  private func requireExamples() throws {
    guard !isEmpty else {
      throw FluxionError(.invalidArgument, "\"\(dataset.name)\" has no samples here to take statistics of")
    }
  }

  /// For each feature the sum over examples of `term(value, feature)`.
  private func sums(_ term: (Double, Int) -> Double) -> [Double] {
    var sums = [Double](repeating: 0, count: dataset.featureCount)
    forEachStoredRow { row in
      for (feature, value) in row.enumerated() { sums[feature] += term(value, feature) }
    }
    return sums
  }

  private static func average(over perFeature: Bool, _ sums: [Double], count: Int) -> [Double] {
    perFeature ? sums.map { $0 / Double(count) } : [sums.reduce(0, +) / Double(count * sums.count)]
  }

  /// Each example's features as stored, in one buffer that is used again.
  private func forEachStoredRow(_ body: ([Double]) -> Void) {
    let (width, features) = (dataset.featureCount, dataset.features)
    var row = [Double](repeating: 0, count: width)
    withExtendedLifetime(features) {
      for index in indices {
        let start = Int(index) * width
        if features.element == .uint8 {
          let pixels = features.base.assumingMemoryBound(to: UInt8.self) + start
          for feature in 0..<width { row[feature] = Double(pixels[feature]) }
        } else {
          let numbers = features.base.assumingMemoryBound(to: Float.self) + start
          for feature in 0..<width { row[feature] = Double(numbers[feature]) }
        }
        body(row)
      }
    }
  }

  /// The same examples under another normalisation.
  func normalized(by normalization: Normalization) throws -> DatasetView {
    DatasetView(try dataset.normalized(by: normalization), uncheckedIndices: indices)
  }
}

extension TrainTestSplit {
  /// Both parts scaled to mean 0 and deviation 1 of the training part, whose statistics alone are used.
  ///
  /// - Throws: `.invalidArgument` without training examples, `.shapeMismatch` when the parts differ in shape.
  public func standardized(perFeature: Bool = true) throws -> TrainTestSplit {
    try normalized(by: train.standardization(perFeature: perFeature))
  }

  /// Both parts scaled so that the training part spans 0…1; test values may lie outside.
  ///
  /// - Throws: as ``standardized(perFeature:)``.
  public func minMaxScaled(perFeature: Bool = true) throws -> TrainTestSplit {
    try normalized(by: train.minMaxScaling(perFeature: perFeature))
  }

  /// Both parts under one normalisation.
  ///
  /// - Throws: as ``Dataset/normalized(by:)``.
  public func normalized(by normalization: Normalization) throws -> TrainTestSplit {
    TrainTestSplit(train: try train.normalized(by: normalization), test: try test.normalized(by: normalization))
  }
}
