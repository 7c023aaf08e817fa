import FluxionCalculus

extension Partitioner: CustomStringConvertible, Codable {
  /// The text form, which ``init(parsing:)`` reads.
  public var description: String {
    switch self {
    case .iid: "iid"
    case .shards(let perParty): "shards:\(perParty)"
    case .dirichlet(let alpha): "dirichlet:\(alpha)"
    case .quantity(let alpha): "quantity:\(alpha)"
    case .column(let name): "column:\(name)"
    }
  }

  /// The forms a user may write, for messages and help.
  public static let forms = ["iid", "shards:PER_PARTY", "dirichlet:ALPHA", "quantity:ALPHA", "column:NAME"]

  /// Reads `iid`, `shards:2`, `dirichlet:0.5`, `quantity:0.5` or `column:hospital`.
  ///
  /// - Throws: `.invalidConfiguration`, naming the nearest form, for any other text.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts[0]
    let argument = parts.count == 2 ? parts[1] : nil
    switch name {
    case "iid":
      guard argument == nil else {
        throw FluxionError(.invalidConfiguration, "partition \"\(text)\" gives iid an argument; write \"iid\"")
      }
      self = .iid
    case "shards":
      guard let argument, let perParty = Int(argument), perParty >= 1 else {
        throw FluxionError(
          .invalidConfiguration,
          "partition \"\(text)\" needs the number of label shards a party, at least 1, as in \"shards:2\"")
      }
      self = .shards(perParty: perParty)
    case "dirichlet": self = .dirichlet(alpha: try Self.alpha(argument, in: text, example: "dirichlet:0.5"))
    case "quantity": self = .quantity(alpha: try Self.alpha(argument, in: text, example: "quantity:0.5"))
    case "column":
      guard let argument, !argument.isEmpty else {
        throw FluxionError(
          .invalidConfiguration, "partition \"\(text)\" needs the name of a column, as in \"column:hospital\"")
      }
      self = .column(argument)
    default:
      let known = ["iid", "shards", "dirichlet", "quantity", "column"]
      let hint = nearest(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      throw FluxionError(
        .invalidConfiguration,
        "there is no partition \"\(text)\"\(hint)\(hint.isEmpty ? ";" : "") use one of \(Self.forms.joined(separator: ", "))"
      )
    }
  }

  private static func alpha(_ argument: String?, in text: String, example: String) throws -> Double {
    guard let argument, let alpha = Double(argument), alpha > 0, alpha.isFinite else {
      throw FluxionError(
        .invalidConfiguration,
        "partition \"\(text)\" needs a concentration alpha, a finite number above 0, as in \"\(example)\"")
    }
    return alpha
  }

  public init(from decoder: any Decoder) throws {
    try self.init(parsing: decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
