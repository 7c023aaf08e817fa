import Foundation

/// A fact about identities that is on record for good: the registry is what its events add up to.
enum RegistryEvent: Codable, Hashable, Sendable {
  /// Takes the place of an invitation of the same name that nobody has used.
  case invited(party: PartyName, token: Hash, at: Date, expires: Date)
  /// The token is spent with this; there is no moment at which one is on record without the other.
  case enrolled(party: PartyName, token: Hash, certificate: IssuedCertificate)
  case renewed(party: PartyName, certificate: IssuedCertificate)
  /// Of all certificates and invitations that the party has so far.
  case revoked(party: PartyName, at: Date)
  /// The server's own.
  case served(certificate: IssuedCertificate)
}

/// A certificate that the authority has signed.
struct IssuedCertificate: Codable, Hashable, Sendable {
  /// Hexadecimal.
  let serial: String
  /// Of the public key.
  let key: Hash
  let issued: Date
  let expires: Date
  /// DER, for a client that did not get it; nil for the server's.
  let encoded: Data?
}
