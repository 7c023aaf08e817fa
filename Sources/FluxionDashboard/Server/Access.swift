import Crypto
import FluxionCalculus
import Foundation
import Hummingbird

/// Who may read: whoever has the token, as a bearer or in a cookie.
struct Access: Sendable {
  private let token: SHA256.Digest
  private let cookie: SHA256.Digest
  /// Another for each token: cookies of one host are not kept apart by port, and two runs may be served there.
  let cookieName: String
  /// What the cookie holds: derived from the token, which it does not tell.
  let cookieValue: String

  static let minimumTokenLength = 16
  static let maximumTokenLength = 256

  /// - Throws: ``FluxionError/Code/invalidArgument`` for a token that is short, long or not of visible ASCII.
  init(token: String) throws {
    let bytes = Array(token.utf8)
    guard (Self.minimumTokenLength...Self.maximumTokenLength).contains(bytes.count),
      bytes.allSatisfy({ (0x21...0x7e).contains($0) })
    else {
      throw FluxionError(
        .invalidArgument,
        "the token of the page has \(Self.minimumTokenLength) to \(Self.maximumTokenLength) visible ASCII characters; "
          + "it was given \(bytes.count)")
    }
    self.token = SHA256.hash(data: bytes)
    cookieValue = Self.hex(SHA256.hash(data: Array("fluxion page session ".utf8) + bytes))
    cookieName = "fluxion-" + Self.hex(SHA256.hash(data: Array("fluxion page cookie ".utf8) + bytes)).prefix(8)
    cookie = SHA256.hash(data: Array(cookieValue.utf8))
  }

  func permits(_ route: Route, authorization: String?, cookies: [String]) -> Bool {
    route.isOpen || isBearer(authorization) || isSession(cookies)
  }

  /// Digests are compared, in a time that does not depend on them: what the time tells of the token is nothing.
  func isToken(_ candidate: String) -> Bool {
    candidate.utf8.count <= Self.maximumTokenLength && SHA256.hash(data: Array(candidate.utf8)) == token
  }

  private func isBearer(_ authorization: String?) -> Bool {
    guard let parts = authorization?.split(separator: " ", omittingEmptySubsequences: true), parts.count == 2,
      parts[0].lowercased() == "bearer"
    else { return false }
    return isToken(String(parts[1]))
  }

  private func isSession(_ cookies: [String]) -> Bool {
    guard let value = Cookies(from: cookies)[cookieName]?.value else { return false }
    return value.utf8.count <= 128 && SHA256.hash(data: Array(value.utf8)) == cookie
  }

  private static func hex(_ digest: SHA256.Digest) -> String {
    digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
