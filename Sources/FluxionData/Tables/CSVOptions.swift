/// How to read a table; the defaults suit a file with a header line, commas and a column called "label".
public struct CSVOptions: Sendable, Hashable {
  /// What takes the place of a missing value: an empty field, `NA`, `NaN` or `?`.
  public enum MissingValues: String, Sendable, Hashable, Codable, CaseIterable {
    /// The mean of the column's other values, over the whole file.
    case mean
    case zero
    /// Refuse the file.
    case error
  }

  /// What the label column holds.
  public enum TargetKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Classes for text, and for integers of few distinct values (at most 20, or 1,000 where the column is called
    /// "label" or "class", and fewer than rows); else values.
    case automatic
    case classes
    case values
  }

  /// The column to predict; nil for the one called "label", "target", "class" or "y" (in this order, whatever their
  /// case), else the last.
  public var labelColumn: String?
  public var targetKind: TargetKind
  public var missing: MissingValues
  /// One ASCII character.
  public var delimiter: Character
  /// The first line names the columns; otherwise they are called "column 1", "column 2", ….
  public var hasHeader: Bool
  /// Columns that do not become features, such as identifiers; `.column(name)` can still partition by them.
  public var excludedColumns: [String]
  /// Columns to treat as text though they hold numbers, such as codes.
  public var categoricalColumns: [String]
  /// The most distinct texts a column may turn into features.
  public var maximumCategories: Int

  public init(
    labelColumn: String? = nil, targetKind: TargetKind = .automatic, missing: MissingValues = .mean,
    delimiter: Character = ",", hasHeader: Bool = true, excludedColumns: [String] = [],
    categoricalColumns: [String] = [], maximumCategories: Int = 1000
  ) {
    self.labelColumn = labelColumn
    self.targetKind = targetKind
    self.missing = missing
    self.delimiter = delimiter
    self.hasHeader = hasHeader
    self.excludedColumns = excludedColumns
    self.categoricalColumns = categoricalColumns
    self.maximumCategories = maximumCategories
  }
}
