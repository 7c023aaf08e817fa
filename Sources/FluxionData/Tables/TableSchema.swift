import FluxionCalculus

/// How a table became features and targets, so that another table can become the same.
///
/// Parties with a table each agree by it on what a feature and a class is: a text column has a feature for each text of
/// the schema, whatever texts their own file has.
///
/// ```swift
/// let schema = reference.tableSchema
/// let mine = try Dataset.csv("patients.csv", as: schema)
/// ```
public struct TableSchema: Codable, Hashable, Sendable {
  /// A column that becomes features: one of numbers, or one for each text.
  public struct Column: Codable, Hashable, Sendable {
    public var name: String
    /// What takes the place of a missing number.
    public var fill: Float
    /// The texts that have a feature; nil for numbers.
    public var categories: [String]?

    public init(name: String, fill: Float = 0, categories: [String]? = nil) {
      (self.name, self.fill, self.categories) = (name, fill, categories)
    }

    var width: Int { categories?.count ?? 1 }
  }

  public var columns: [Column]
  /// The column to predict.
  public var label: String
  /// nil where it holds values.
  public var classNames: [String]?
  public var normalization: Normalization

  public init(columns: [Column], label: String, classNames: [String]?, normalization: Normalization) {
    self.columns = columns
    self.label = label
    self.classNames = classNames
    self.normalization = normalization
  }

  /// Features an example.
  public var width: Int { columns.reduce(0) { $0 + $1.width } }
}

extension Dataset {
  /// How this table became features; nil for a dataset that was no table.
  public var tableSchema: TableSchema? {
    guard let labelColumn else { return nil }
    let means = featureMeans()
    let columns = columns.filter { !$0.features.isEmpty }.map { column in
      TableSchema.Column(
        name: column.name, fill: column.categories == nil ? means[column.features.lowerBound] : 0,
        // A missing text is put first and has no feature.
        categories: column.categories.map { Array($0.names.suffix(column.features.count)) })
    }
    var classNames: [String]?
    if case .classes(_, _, let names) = targets { classNames = names }
    return TableSchema(columns: columns, label: labelColumn, classNames: classNames, normalization: normalization)
  }

  private func featureMeans() -> [Float] {
    var sums = [Double](repeating: 0, count: featureCount)
    withExtendedLifetime(features) {
      let values = features.base.assumingMemoryBound(to: Float.self)
      for row in 0..<count {
        for feature in sums.indices { sums[feature] += Double(values[row * sums.count + feature]) }
      }
    }
    return sums.map { Float($0 / Double(max(count, 1))) }
  }

  /// Reads a table in CSV as another one was read.
  ///
  /// Columns are found by their names, and further ones are left out. A missing number becomes the schema's, a text that
  /// the schema does not know none of its features.
  ///
  /// - Throws: `.notFound` without a readable file; `.corruptData`, with line and column, for a text among numbers, a
  ///   missing label, or a class that the schema does not know; `.invalidArgument`, with the nearest name, for a column
  ///   that is not there.
  public static func csv(_ path: String, as schema: TableSchema) throws -> Dataset {
    let table = try CSVTable(
      try FileBytes.read(path, limit: 1 << 32), name: path, delimiter: CSVOptions().delimiter, hasHeader: true)
    let targets = try table.targets(as: schema)
    let (count, overflow) = table.rowCount.multipliedReportingOverflow(by: schema.width)
    guard !overflow, count <= 1 << 32, schema.width > 0 else {
      throw FluxionError(
        .unsupported, "\(path) would become \(table.rowCount) samples of \(schema.width) features, which cannot be held"
      )
    }
    var features = [Float](repeating: 0, count: count)
    var first = 0
    for column in schema.columns {
      try table.write(column, to: &features, at: first, width: schema.width)
      first += column.width
    }
    return try Dataset(
      name: path.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? path, features: features,
      exampleShape: [schema.width], targets: targets, normalization: schema.normalization)
  }

  /// How many examples a table in CSV has.
  ///
  /// - Throws: as ``csv(_:options:)`` for what is no table.
  public static func csvCount(_ path: String) throws -> Int {
    try CSVTable(
      try FileBytes.read(path, limit: 1 << 32), name: path, delimiter: CSVOptions().delimiter, hasHeader: true
    ).rowCount
  }
}

extension CSVTable {
  fileprivate func write(
    _ wanted: TableSchema.Column, to features: inout [Float], at first: Int, width: Int
  ) throws {
    let column = try column(named: wanted.name)
    if let categories = wanted.categories {
      guard case .texts(let names, let codes) = CSVColumn.texts(self, column: column) else { return }
      let places = Dictionary(zip(categories, 0...)) { first, _ in first }
      let known = names.map { places[$0] }
      for (row, code) in codes.enumerated() where code >= 0 {
        if let place = known[Int(code)] { features[row * width + first + place] = 1 }
      }
    } else {
      for (row, value) in try numbers(column: column).enumerated() {
        features[row * width + first] = value.isNaN ? wanted.fill : value
      }
    }
  }

  /// The numbers of a column, NaN where one is missing.
  private func numbers(column: Int) throws -> [Float] {
    guard case .numbers(let numbers) = try CSVColumn(self, column: column, asText: false) else {
      throw FluxionError(.corruptData, "\(name), column \"\(header[column])\": texts, where numbers are expected")
    }
    return numbers
  }

  fileprivate func targets(as schema: TableSchema) throws -> Targets {
    let column = try column(named: schema.label)
    guard let classNames = schema.classNames else {
      let numbers = try numbers(column: column)
      if let row = numbers.firstIndex(where: \.isNaN) { throw missingValue(row: row, column: column) }
      return .values(numbers)
    }
    guard case .texts(let names, let codes) = CSVColumn.texts(self, column: column) else { return .values([]) }
    let places = Dictionary(zip(classNames, Int32(0)...)) { first, _ in first }
    let known = names.map { places[$0] ?? places[Self.asNumber($0)] }
    let labels = try codes.enumerated().map { row, code in
      guard code >= 0 else { throw missingValue(row: row, column: column) }
      guard let place = known[Int(code)] else {
        throw FluxionError(
          .corruptData,
          "\(name), line \(lines[row]), column \"\(header[column])\": \"\(names[Int(code)].prefix(40))\" is no class of "
            + "the federation; its classes are \(classNames.prefix(20).joined(separator: ", "))")
      }
      return place
    }
    return .classes(labels: labels, classCount: classNames.count, classNames: classNames)
  }

  /// A number as classes that are numbers are called: `1` for `1.0`.
  private static func asNumber(_ text: String) -> String {
    guard let number = Array(text.utf8).withUnsafeBufferPointer({ DecimalNumber.parse($0) }) else { return text }
    return Int32(exactly: number).map(String.init) ?? text
  }
}
