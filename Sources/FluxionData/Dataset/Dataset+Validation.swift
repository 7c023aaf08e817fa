import FluxionCalculus

extension Dataset {
  /// The most examples a dataset can hold: indices are 32-bit.
  package static let maximumCount = Int(Int32.max)

  static func validate(
    name: String, features: FeatureStorage, exampleShape: Shape, targets: Targets, columns: [Column],
    normalization: Normalization
  ) throws {
    var featureCount = 1
    for dimension in exampleShape.dimensions {
      let (product, overflow) = featureCount.multipliedReportingOverflow(by: dimension)
      guard dimension > 0, !overflow else {
        throw FluxionError(
          .shapeMismatch,
          "examples of dataset \"\(name)\" have shape \(exampleShape); every dimension must be at least 1")
      }
      featureCount = product
    }
    let count = targets.count
    guard count <= maximumCount else {
      throw FluxionError(
        .unsupported, "dataset \"\(name)\" has \(count) examples; at most \(maximumCount) are supported")
    }
    let (expected, overflow) = featureCount.multipliedReportingOverflow(by: count)
    guard !overflow, features.count == expected else {
      throw FluxionError(
        .shapeMismatch,
        "dataset \"\(name)\" has \(features.count) features for \(count) targets; examples of shape \(exampleShape) "
          + "need \(overflow ? "more than fits in memory" : String(expected))")
    }
    guard features.element != .int32 else {
      throw FluxionError(.unsupported, "dataset \"\(name)\" stores int32 features; use uint8 or float32")
    }
    try validate(targets, name: name)
    for column in columns {
      if let categories = column.categories {
        let known = Int32(clamping: categories.names.count)
        guard categories.codes.count == count, categories.codes.allSatisfy({ $0 >= 0 && $0 < known }) else {
          throw FluxionError(
            .invalidArgument,
            "column \"\(column.name)\" of dataset \"\(name)\" needs one code in 0 ..< \(known) for each example")
        }
      }
      guard column.features.lowerBound >= 0, column.features.upperBound <= featureCount else {
        throw FluxionError(
          .invalidArgument,
          "column \"\(column.name)\" of dataset \"\(name)\" names features \(column.features) of \(featureCount)")
      }
    }
    try validate(normalization, featureCount: featureCount, name: name)
  }

  private static func validate(_ targets: Targets, name: String) throws {
    switch targets {
    case .classes(let labels, let classCount, let classNames):
      guard classCount >= 1, classCount <= maximumCount, classNames.count == classCount else {
        throw FluxionError(
          .invalidArgument,
          "dataset \"\(name)\" has \(classNames.count) class names for \(classCount) classes; it needs at least one "
            + "class and one name each")
      }
      let limit = Int32(classCount)
      if let bad = labels.firstIndex(where: { $0 < 0 || $0 >= limit }) {
        throw FluxionError(
          .invalidArgument,
          "example \(bad) of dataset \"\(name)\" has label \(labels[bad]); labels must be in 0 ..< \(classCount)")
      }
    case .values(let values):
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw FluxionError(
          .invalidArgument,
          "example \(bad) of dataset \"\(name)\" has target \(values[bad]); targets must be finite numbers")
      }
    }
  }

  static func validate(_ normalization: Normalization, featureCount: Int, name: String) throws {
    for (what, numbers) in [("scale", normalization.scale), ("shift", normalization.shift)] {
      guard numbers.count == 1 || numbers.count == featureCount else {
        throw FluxionError(
          .shapeMismatch,
          "the normalisation of dataset \"\(name)\" has \(numbers.count) numbers as \(what); it needs 1 or \(featureCount)"
        )
      }
      if let bad = numbers.firstIndex(where: { !$0.isFinite }) {
        throw FluxionError(
          .invalidArgument,
          "the normalisation of dataset \"\(name)\" has \(what)[\(bad)] = \(numbers[bad]); it must be finite")
      }
    }
  }
}
