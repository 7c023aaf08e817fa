import FluxionCalculus

/// The part of the training examples that is kept for validation, and by whom: nobody trains on it.
///
/// A value with a text form, `parties:0.1` or `server:0.05`, that ``init(parsing:)`` reads and ``description`` writes.
///
/// ```swift
/// let parties = try Dataset.digits().split(testFraction: 0.2, seed: 1)
///   .partitioned(.iid, parties: 10, seed: 7, validation: .parties(0.1))
/// parties.validation(of: 3)  // what party 3 keeps for validation; parties[3] is what it trains on
/// ```
public enum ValidationShare: Sendable, Hashable {
  /// Every party keeps this part of its own examples.
  case parties(Double)
  /// The server keeps this part of all examples, withheld before they are dealt out.
  case server(Double)

  /// The part itself, in (0, 1).
  public var fraction: Double {
    switch self {
    case .parties(let fraction), .server(let fraction): fraction
    }
  }

  /// - Throws: `.invalidArgument` for a fraction that is not between 0 and 1.
  func validate() throws {
    guard fraction > 0, fraction < 1 else {
      throw FluxionError(
        .invalidArgument,
        "a validation share of \(fraction) leaves nothing on one side; use a number between 0 and 1, such as 0.1")
    }
  }
}

extension ValidationShare: CustomStringConvertible, Codable {
  public var description: String {
    switch self {
    case .parties(let fraction): "parties:\(fraction)"
    case .server(let fraction): "server:\(fraction)"
    }
  }

  /// The forms a user may write, for messages and help.
  public static let forms = ["parties:FRACTION", "server:FRACTION"]

  /// Reads `parties:0.1` or `server:0.05`.
  ///
  /// - Throws: `.invalidConfiguration`, naming the nearest form, for any other text.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard ["parties", "server"].contains(parts[0]) else {
      let hint = nearest(parts[0], among: ["parties", "server"]).map { "; did you mean \"\($0)\"?" } ?? ";"
      throw FluxionError(
        .invalidConfiguration, "there is no validation \"\(text)\"\(hint) use \(Self.forms.joined(separator: " or "))")
    }
    guard parts.count == 2, let fraction = Double(parts[1]), fraction > 0, fraction < 1 else {
      throw FluxionError(
        .invalidConfiguration,
        "validation \"\(text)\" needs the part that is kept, a number between 0 and 1, as in \"\(parts[0]):0.1\"")
    }
    self = parts[0] == "parties" ? .parties(fraction) : .server(fraction)
  }

  public init(from decoder: any Decoder) throws {
    try self.init(parsing: decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Deal {
  /// Takes a part of every party's examples out of the deal.
  ///
  /// Each class gives the same part, to rounding. A party of two or more keeps at least one example on each side; a
  /// party of one trains on it and validates on none.
  func withholding(_ fraction: Double, of dataset: Dataset, key: RandomKey) throws -> (training: Deal, validation: Deal)
  {
    var training = Deal(indices: [], offsets: [0], names: names)
    var validation = Deal(indices: [], offsets: [0], names: names)
    training.indices.reserveCapacity(indices.count)
    for party in 0..<(offsets.count - 1) {
      let view = DatasetView(dataset, uncheckedIndices: indices[offsets[party]..<offsets[party + 1]])
      if view.count < 2 {
        training.indices += view.indices
      } else {
        let split = try view.split(
          testFraction: fraction, key: key.folding("party", party), stratified: dataset.classCount != nil)
        training.indices += split.train.indices
        validation.indices += split.test.indices
      }
      training.offsets.append(training.indices.count)
      validation.offsets.append(validation.indices.count)
    }
    return (training, validation)
  }
}
