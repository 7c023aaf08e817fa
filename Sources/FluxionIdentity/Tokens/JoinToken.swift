import Crypto
public import FluxionCalculus

/// What a party shows once to get its certificate, and what it knows the server by until it has one.
///
/// 128 bits from the system's generator, which the server knows the hash of, and the fingerprint of the federation's
/// authority: a client that is handed a token talks to nobody but the server that issued it. In text it is `fx1-` and 56
/// digits in base 32, the last of which are a check, so that a typing error is told apart from a wrong token.
///
/// ```swift
/// let token = try JoinToken("fx1-0YB3TG7K-…")
/// let identity = try await PartyEnrollment.enroll(with: token, …)
/// ```
public struct JoinToken: Sendable {
  static let secretByteCount = 16
  private static let checkByteCount = 3
  private static let prefix = "fx1"
  private static let digitCount = (secretByteCount + Fingerprint.byteCount + checkByteCount) * 8 / 5

  /// What the server keeps the hash of. Of 128 random bits a plain SHA-256 is enough: slow, salted hashes exist because
  /// passwords can be guessed; here a guesser has 2¹²⁸ candidates, and no two tokens are alike.
  package let secret: [UInt8]
  package let authority: Fingerprint

  init(secret: [UInt8], authority: Fingerprint) {
    self.secret = secret
    self.authority = authority
  }

  /// A token that nobody has seen.
  init(authority: Fingerprint) {
    var generator = SystemRandomNumberGenerator()
    self.init(secret: (0..<Self.secretByteCount).map { _ in generator.next() }, authority: authority)
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` with what is wrong with the text, which is not repeated.
  public init(_ text: String) throws(FluxionError) {
    let characters = text.utf8.filter { ![0x20, 0x09, 0x0a, 0x0d, 0x2d].contains($0) }
    let prefix = String(decoding: characters.prefix(Self.prefix.utf8.count), as: UTF8.self)
    guard prefix.lowercased() == Self.prefix else {
      throw FluxionError(
        .invalidArgument, "a join token begins with \(Self.prefix)-, as fluxion invite prints it; this begins otherwise"
      )
    }
    let digits = characters.dropFirst(Self.prefix.utf8.count)
    guard digits.count == Self.digitCount else {
      throw FluxionError(
        .invalidArgument,
        "a join token has \(Self.digitCount) letters and digits after \(Self.prefix)-; this has \(digits.count): "
          + "copy all of it")
    }
    let values = digits.compactMap { Base32.value(of: $0) }
    let bytes = Base32.bytes(values)
    let body = Array(bytes.prefix(Self.secretByteCount + Fingerprint.byteCount))
    guard values.count == digits.count, Array(bytes.dropFirst(body.count)) == Self.check(of: body) else {
      throw FluxionError(.invalidArgument, "the join token has a typing error; copy it again")
    }
    self.init(
      secret: Array(body.prefix(Self.secretByteCount)),
      authority: Fingerprint(bytes: Array(body.dropFirst(Self.secretByteCount))))
  }

  /// The token itself, which whoever reads it may use.
  package var text: String {
    let body = secret + authority.bytes
    let digits = Array(Base32.text(body + Self.check(of: body)).utf8)
    let groups = stride(from: 0, to: digits.count, by: 8).map { start in
      String(decoding: digits[start..<min(start + 8, digits.count)], as: UTF8.self)
    }
    return ([Self.prefix] + groups).joined(separator: "-")
  }

  private static func check(of body: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: Array("fluxion join token, version 1".utf8) + body).prefix(checkByteCount))
  }
}

/// Logs have no use for a token.
extension JoinToken: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { "a join token" }
  public var debugDescription: String { description }
}
