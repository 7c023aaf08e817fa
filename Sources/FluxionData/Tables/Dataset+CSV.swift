import FluxionCalculus
import Foundation

extension Dataset {
  /// Reads a table in CSV (RFC 4180: quotes, either line ending; gzip too).
  ///
  /// Columns of numbers become one feature each, columns of text one feature a distinct text (one-hot, in sorted
  /// order; none is set where the value is missing). The label column becomes classes, named and sorted, or values:
  /// see ``CSVOptions``.
  ///
  /// ```swift
  /// let heart = try Dataset.csv("heart.csv", options: CSVOptions(labelColumn: "disease"))
  /// let hospitals = try heart.partitioned(.column("hospital"))
  /// ```
  ///
  /// - Throws: `.notFound` without a readable file; `.corruptData`, with line and column, for a ragged row, text in a
  ///   column of numbers, a bad quote, a missing label; `.invalidArgument`, with the nearest name, for a column that
  ///   is not there.
  public static func csv(_ path: String, options: CSVOptions = CSVOptions()) throws -> Dataset {
    let bytes = try FileBytes.read(path, limit: 1 << 32)
    let file = URL(fileURLWithPath: path).lastPathComponent
    return try csv(bytes: bytes, path: path, name: String(file.prefix { $0 != "." }), options: options)
  }

  /// Reads a table from text in CSV; `name` is what errors and reports call it.
  ///
  /// - Throws: as ``csv(_:options:)``.
  public static func csv(text: String, name: String, options: CSVOptions = CSVOptions()) throws -> Dataset {
    try csv(bytes: Array(text.utf8), path: name, name: name, options: options)
  }

  package static func csv(bytes: [UInt8], path: String, name: String, options: CSVOptions) throws -> Dataset {
    let table = try CSVTable(bytes, name: path, delimiter: options.delimiter, hasHeader: options.hasHeader)
    let label = try table.labelColumn(options)
    let excluded = Set(try options.excludedColumns.map { try table.column(named: $0) })
    let categorical = Set(try options.categoricalColumns.map { try table.column(named: $0) })
    let targets = try table.targets(column: label, options: options)
    var features = TableFeatures(rowCount: table.rowCount)
    for column in 0..<table.columnCount where column != label {
      if excluded.contains(column) {
        features.keep(CSVColumn.texts(table, column: column), name: table.header[column])
      } else {
        try features.add(
          CSVColumn(table, column: column, asText: categorical.contains(column)), column: column, of: table,
          options: options)
      }
    }
    guard features.width > 0 else {
      throw FluxionError(
        .corruptData, "\(path) has no column left for features beside the label \"\(table.header[label])\"")
    }
    return try Dataset(
      name: name, features: try features.storage(name: path), exampleShape: [features.width], targets: targets,
      columns: features.columns, labelColumn: table.header[label], normalization: .identity)
  }
}

/// The features of a table, gathered column by column.
private struct TableFeatures {
  let rowCount: Int
  var width = 0
  var columns: [Column] = []
  private var numbers: [(feature: Int, values: [Float])] = []

  init(rowCount: Int) { self.rowCount = rowCount }

  /// A column beside the features; a missing text is a category of its own, called "".
  mutating func keep(_ column: CSVColumn, name: String) {
    guard case .texts(var names, var codes) = column else { return }
    if codes.contains(-1) {
      codes = codes.map { $0 + 1 }
      names.insert("", at: 0)
    }
    columns.append(
      Column(name: name, features: width..<width, categories: Column.Categories(names: names, codes: codes)))
  }

  mutating func add(_ values: CSVColumn, column: Int, of table: CSVTable, options: CSVOptions) throws {
    let name = table.header[column]
    switch values {
    case .numbers(let numbers):
      if options.missing == .error, let row = numbers.firstIndex(where: \.isNaN) {
        throw table.missingValue(row: row, column: column)
      }
      columns.append(Column(name: name, features: width..<width + 1))
      self.numbers.append((width, Self.imputed(numbers, options.missing)))
      width += 1
    case .texts(let names, let codes):
      if options.missing == .error, let row = codes.firstIndex(of: -1) {
        throw table.missingValue(row: row, column: column)
      }
      guard names.count <= options.maximumCategories else {
        throw FluxionError(
          .corruptData,
          "\(table.name), column \"\(name)\": \(names.count) distinct texts are more than the "
            + "\(options.maximumCategories) that may become features; exclude the column")
      }
      let first = columns.count
      keep(values, name: name)
      columns[first].features = width..<width + names.count
      width += names.count
    }
  }

  private static func imputed(_ numbers: [Float], _ missing: CSVOptions.MissingValues) -> [Float] {
    guard numbers.contains(where: \.isNaN) else { return numbers }
    let present = numbers.lazy.filter { !$0.isNaN }
    let sum = present.reduce(0.0) { $0 + Double($1) }
    // A column without any value has no mean; it says nothing, so zero.
    let mean = missing == .mean ? Float(sum / Double(max(1, present.count))) : 0
    return numbers.map { $0.isNaN ? mean : $0 }
  }

  func storage(name: String) throws -> FeatureStorage {
    let (count, overflow) = rowCount.multipliedReportingOverflow(by: width)
    guard !overflow, count <= 1 << 32 else {
      throw FluxionError(
        .unsupported, "\(name) would become \(rowCount) samples of \(width) features, too many to hold; exclude columns"
      )
    }
    return FeatureStorage(element: .float32, count: count) { block in
      let features = block.bindMemory(to: Float.self)
      for (feature, values) in numbers {
        for (row, value) in values.enumerated() { features[row * width + feature] = value }
      }
      for column in columns where !column.features.isEmpty {
        guard let categories = column.categories else { continue }
        // A missing text, if any, was put first and has no feature.
        let offset = column.features.lowerBound - (categories.names.count - column.features.count)
        for (row, code) in categories.codes.enumerated() where offset + Int(code) >= column.features.lowerBound {
          features[row * width + offset + Int(code)] = 1
        }
      }
    }
  }
}
