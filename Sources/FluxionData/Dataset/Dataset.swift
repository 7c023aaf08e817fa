public import FluxionCalculus

/// Examples with what is to be predicted of each: features of one shape and a class or a value.
///
/// A dataset is immutable and one reference wide, so copies, views and parties share the features whatever their
/// number, also between threads. Features are stored as bytes (images) or floats (tables); the ``normalization``
/// is applied while a batch is made.
///
/// ```swift
/// let data = try Dataset(
///   name: "xor", features: [0, 0, 0, 1, 1, 0, 1, 1], exampleShape: [2],
///   targets: .classes(labels: [0, 1, 1, 0], classCount: 2))
/// let split = try data.split(testFraction: 0.5, seed: 1)
/// ```
public struct Dataset: Sendable {
  package final class Storage: Sendable {
    let name: String
    let features: FeatureStorage
    let exampleShape: Shape
    let featureCount: Int
    let targets: Targets
    let columns: [Column]
    let labelColumn: String?
    let normalization: Normalization

    init(
      name: String, features: FeatureStorage, exampleShape: Shape, targets: Targets, columns: [Column],
      labelColumn: String?, normalization: Normalization
    ) {
      self.name = name
      self.features = features
      self.exampleShape = exampleShape
      self.featureCount = exampleShape.count
      self.targets = targets
      self.columns = columns
      self.labelColumn = labelColumn
      self.normalization = normalization
    }
  }

  let storage: Storage

  /// What the dataset is called in tables and reports.
  public var name: String { storage.name }
  /// The shape of one example: `[height, width, channels]` for images, `[features]` for tables.
  public var exampleShape: Shape { storage.exampleShape }
  /// Features an example: the product of ``exampleShape``.
  public var featureCount: Int { storage.featureCount }
  /// The number of examples.
  public var count: Int { storage.targets.count }
  public var targets: Targets { storage.targets }
  /// The number of classes; nil for regression.
  public var classCount: Int? { storage.targets.classCount }
  /// For tables: the columns that became features or were kept beside them, in file order.
  public var columns: [Column] { storage.columns }
  /// For tables: the name of the column that became the targets.
  public var labelColumn: String? { storage.labelColumn }
  public var normalization: Normalization { storage.normalization }

  /// The stored features, not normalised: `count * featureCount` elements, row-major.
  package var features: FeatureStorage { storage.features }
}

extension Dataset {
  /// A dataset of bytes, such as images in NHWC order.
  ///
  /// - Throws: `.shapeMismatch` when the number of bytes is not examples × shape, `.invalidArgument` for a label
  ///   outside the classes or a number that is not finite.
  public init(
    name: String, pixels: [UInt8], exampleShape: Shape, targets: Targets, normalization: Normalization = .unitInterval
  ) throws {
    try self.init(
      name: name, features: FeatureStorage(pixels), exampleShape: exampleShape, targets: targets,
      normalization: normalization)
  }

  /// A dataset of floats, row-major, one row an example.
  ///
  /// - Throws: `.shapeMismatch` when the number of features is not examples × shape, `.invalidArgument` for a label
  ///   outside the classes or a number that is not finite.
  public init(
    name: String, features: [Float], exampleShape: Shape, targets: Targets, columns: [Column] = [],
    normalization: Normalization = .identity
  ) throws {
    if let bad = features.firstIndex(where: { !$0.isFinite }) {
      throw FluxionError(
        .invalidArgument, "feature \(bad) of dataset \"\(name)\" is \(features[bad]); features must be finite numbers")
    }
    try self.init(
      name: name, features: FeatureStorage(features), exampleShape: exampleShape, targets: targets, columns: columns,
      normalization: normalization)
  }

  package init(
    name: String, features: FeatureStorage, exampleShape: Shape, targets: Targets, columns: [Column] = [],
    labelColumn: String? = nil, normalization: Normalization
  ) throws {
    try Self.validate(
      name: name, features: features, exampleShape: exampleShape, targets: targets, columns: columns,
      normalization: normalization)
    storage = Storage(
      name: name, features: features, exampleShape: exampleShape, targets: targets, columns: columns,
      labelColumn: labelColumn, normalization: normalization)
  }

  /// The same examples under another normalisation; features are shared, not copied.
  ///
  /// - Throws: `.shapeMismatch` when it has neither one number nor one a feature, `.invalidArgument` when one of them
  ///   is not finite.
  public func normalized(by normalization: Normalization) throws -> Dataset {
    try Self.validate(normalization, featureCount: featureCount, name: name)
    return Dataset(
      storage: Storage(
        name: name, features: features, exampleShape: exampleShape, targets: targets, columns: columns,
        labelColumn: labelColumn, normalization: normalization))
  }

  /// Two values that share one storage are the same dataset.
  package func isIdentical(to other: Dataset) -> Bool { storage === other.storage }
}
