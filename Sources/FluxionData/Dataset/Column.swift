/// Where a column of a table went: which features it became, and its distinct texts where it is categorical.
public struct Column: Sendable, Equatable {
  /// The distinct texts of a column, sorted, and for each example the position of its own.
  public struct Categories: Sendable, Equatable {
    public var names: [String]
    public var codes: [Int32]

    public init(names: [String], codes: [Int32]) {
      self.names = names
      self.codes = codes
    }
  }

  public var name: String
  /// The features made of this column: one if numeric, one a category if one-hot, none if it is kept out of them.
  public var features: Range<Int>
  /// Present for text columns, and for columns kept out of the features.
  public var categories: Categories?

  public init(name: String, features: Range<Int>, categories: Categories? = nil) {
    self.name = name
    self.features = features
    self.categories = categories
  }
}
