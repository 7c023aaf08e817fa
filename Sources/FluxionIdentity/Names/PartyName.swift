public import FluxionCalculus

/// How a party is called: in its certificate, in logs, on pages and in a shell.
///
/// From 1 to 64 ASCII letters, digits, `.`, `_` and `-`, of which the first is a letter or a digit: 64 is what a common
/// name may have (RFC 5280, appendix A), and without other characters no two names look alike and none needs quoting.
public struct PartyName: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// - Throws: ``FluxionError/Code/invalidArgument``.
  public init(_ text: String) throws(FluxionError) {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), let first = bytes.first, Self.isLetterOrDigit(first),
      bytes.allSatisfy({ Self.isLetterOrDigit($0) || [0x2d, 0x2e, 0x5f].contains($0) })
    else {
      throw FluxionError(
        .invalidArgument,
        "a party's name has 1 to 64 letters, digits, dots, underscores and hyphens, and begins with a letter or a digit"
      )
    }
    description = text
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: false
    }
  }
}

extension PartyName: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do { self = try PartyName(container.decode(String.self)) } catch let error as FluxionError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
