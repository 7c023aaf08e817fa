import FluxionCalculus

extension DeviceProfile: CustomStringConvertible {
  /// The forms a user may write, for messages and help.
  public static let forms = ["even", "uneven:SPREAD"]

  /// The text form, which ``init(parsing:)`` reads.
  public var description: String {
    switch self {
    case .even: "even"
    case .uneven(let spread): "uneven:\(spread)"
    }
  }

  /// Reads `even` or `uneven:0.7`.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` for any other text.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count) {
    case ("even", 1): self = .even
    case ("uneven", _):
      guard parts.count == 2, let spread = Double(parts[1]), spread >= 0, spread <= 5 else {
        throw FluxionError(
          .invalidConfiguration,
          "devices \"\(text)\" needs the spread of the speeds, from 0 to 5, as in \"uneven:1\"")
      }
      self = .uneven(spread: spread)
    default:
      let hint = nearest(parts[0], among: ["even", "uneven"]).map { "; did you mean \"\($0)\"?" } ?? ";"
      throw FluxionError(
        .invalidConfiguration,
        "there are no devices \"\(text)\"\(hint) use one of \(Self.forms.joined(separator: ", "))")
    }
  }
}
