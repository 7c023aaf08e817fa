import FluxionCalculus

/// Where the data of an experiment comes from.
public enum DataSource: Sendable, Hashable, CustomStringConvertible {
  /// The 1,797 handwritten digits that come with the library.
  case digits
  /// MNIST, from where public datasets lie on this machine.
  case mnist
  /// A directory that holds four IDX files, named as MNIST's.
  case idx(String)
  /// A table.
  case csv(String)
  /// A linear regression drawn from the experiment's seed: ten samples a party, five features.
  case syntheticLinear

  /// The forms a user may write, for messages and help.
  public static let forms = [
    "digits", "mnist", "idx:DIR", "csv:FILE", "synthetic-linear", "a file whose name ends in .csv",
    "a directory of IDX files",
  ]

  /// The text form, which ``init(parsing:)`` reads.
  public var description: String {
    switch self {
    case .digits: "digits"
    case .mnist: "mnist"
    case .idx(let directory): "idx:\(directory)"
    case .csv(let file): "csv:\(file)"
    case .syntheticLinear: "synthetic-linear"
    }
  }

  /// Reads `digits`, `mnist`, `idx:DIR`, `csv:FILE`, `synthetic-linear`, a path that ends in `.csv`, or the path of a
  /// directory (a text with a `/`, or one that begins with a dot).
  ///
  /// - Throws: `.invalidConfiguration`, naming the nearest form, for any other text.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count) {
    case ("digits", 1): self = .digits
    case ("mnist", 1): self = .mnist
    case ("synthetic-linear", 1): self = .syntheticLinear
    case ("idx", 2) where !parts[1].isEmpty: self = .idx(parts[1])
    case ("csv", 2) where !parts[1].isEmpty: self = .csv(parts[1])
    case ("idx", _):
      throw FluxionError(.invalidConfiguration, "data \"\(text)\" needs a directory, as in \"idx:data/fashion\"")
    case ("csv", _):
      throw FluxionError(.invalidConfiguration, "data \"\(text)\" needs a file, as in \"csv:heart.csv\"")
    case _ where text.lowercased().hasSuffix(".csv"): self = .csv(text)
    case _ where text.contains("/") || text.hasPrefix("."): self = .idx(text)
    default:
      let known = ["digits", "mnist", "idx", "csv", "synthetic-linear"]
      let hint = nearest(parts[0], among: known).map { "; did you mean \"\($0)\"?" } ?? ";"
      throw FluxionError(
        .invalidConfiguration,
        "there is no data \"\(text)\"\(hint) use one of \(Self.forms.joined(separator: ", ")) (with a / in its path)")
    }
  }
}
