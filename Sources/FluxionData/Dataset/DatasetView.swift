import FluxionCalculus

/// Some examples of a ``Dataset``, in an order: a party's data, a training part, a test part. Copies no features.
///
/// ```swift
/// let firstTen = try dataset.subset(0..<10)
/// firstTen.labelHistogram()  // examples a class
/// ```
public struct DatasetView: Sendable {
  public let dataset: Dataset
  /// Positions in ``dataset``, each within `0 ..< dataset.count`.
  public let indices: ArraySlice<Int32>

  /// The caller vouches for the indices.
  package init(_ dataset: Dataset, uncheckedIndices indices: ArraySlice<Int32>) {
    self.dataset = dataset
    self.indices = indices
  }

  public var count: Int { indices.count }
  public var isEmpty: Bool { indices.isEmpty }

  /// Examples a class, by class; empty for regression.
  public func labelHistogram() -> [Int] {
    guard case .classes(let labels, let classCount, _) = dataset.targets else { return [] }
    var histogram = [Int](repeating: 0, count: classCount)
    for index in indices { histogram[Int(labels[Int(index)])] += 1 }
    return histogram
  }

  /// The labels of the examples, in the view's order; empty for regression.
  public var labels: [Int32] {
    guard case .classes(let labels, _, _) = dataset.targets else { return [] }
    return indices.map { labels[Int($0)] }
  }

  /// The normalised features of all examples of the view, row-major: `count * dataset.featureCount` floats.
  public func features() -> [Float] {
    let width = dataset.featureCount
    return [Float](unsafeUninitializedCapacity: count * width) { buffer, filled in
      indices.withUnsafeBufferPointer { indices in
        if let start = buffer.baseAddress { dataset.copyFeatures(of: indices, to: start) }
      }
      filled = count * width
    }
  }

  /// The targets of all examples of the view as numbers: the regression values, or the labels.
  public func values() -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      indices.withUnsafeBufferPointer { indices in
        if let start = buffer.baseAddress { dataset.copyValues(of: indices, to: start) }
      }
      filled = count
    }
  }

  /// Some examples of this view by their position in it.
  ///
  /// - Throws: `.invalidArgument` for a position outside the view.
  public func subset(_ positions: some Sequence<Int>) throws -> DatasetView {
    var chosen: [Int32] = []
    for position in positions {
      guard position >= 0, position < count else {
        throw FluxionError(
          .invalidArgument,
          "example \(position) is outside the \(count) examples of \"\(dataset.name)\"; positions start at 0")
      }
      chosen.append(indices[indices.startIndex + position])
    }
    return DatasetView(dataset, uncheckedIndices: chosen[...])
  }
}

extension Dataset {
  /// All examples, in storage order.
  public var all: DatasetView { DatasetView(self, uncheckedIndices: (0..<Int32(count)).map { $0 }[...]) }

  /// The examples at `positions`, in that order, sharing this dataset's features.
  ///
  /// - Throws: `.invalidArgument` for a position outside the dataset.
  public func subset(_ positions: some Sequence<Int>) throws -> DatasetView { try all.subset(positions) }
}
