import Crypto

/// The first 128 bits of the SHA-256 of an authority's certificate.
///
/// Whoever wants another certificate with the same fingerprint needs 2¹²⁸ attempts, as many as for the discrete
/// logarithm of a P-256 key; collisions, which are cheaper, help nobody, for the federation's certificate is there first.
public struct Fingerprint: Hashable, Sendable {
  static let byteCount = 16

  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Of a certificate in DER.
  init(of certificate: [UInt8]) { bytes = Array(SHA256.hash(data: certificate).prefix(Self.byteCount)) }
}

extension Fingerprint: CustomStringConvertible {
  public var description: String { Hexadecimal.text(bytes) }
}
