package import Crypto
package import FluxionCalculus
import SwiftASN1
import X509

/// A certificate signing request (RFC 2986) that has been found good: whoever made it holds the private key.
///
/// Nothing but the key is taken from it. A subject, if there is one, is a name that must be the right one.
package struct SigningRequest: Sendable {
  /// Requests of this implementation have some 250 bytes.
  package static let maximumByteCount = 4096

  let key: P256.Signing.PublicKey
  private let subject: DistinguishedName

  /// - Throws: ``FluxionError/Code/corruptData``.
  package init(derEncoded bytes: [UInt8]) throws(FluxionError) {
    guard bytes.count <= Self.maximumByteCount else {
      throw FluxionError(
        .corruptData, "a signing request has up to \(Self.maximumByteCount) bytes, not \(bytes.count)")
    }
    let request: CertificateSigningRequest
    do { request = try CertificateSigningRequest(derEncoded: bytes) } catch {
      throw FluxionError(.corruptData, "the signing request is none in the form of PKCS #10", cause: error)
    }
    guard let key = P256.Signing.PublicKey(request.publicKey) else {
      throw FluxionError(.corruptData, "a signing request is for a P-256 key; this one is for \(request.publicKey)")
    }
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw FluxionError(.corruptData, "the signing request is not signed by the key that it is for")
    }
    self.key = key
    subject = request.subject
  }

  /// Whether the request asks for this name, or for none.
  func fits(_ name: PartyName) -> Bool { subject.isEmpty || subject == (try? DistinguishedName(name)) }

  /// Makes a request.
  ///
  /// - Parameter name: nil for whatever name the server will give.
  package static func encoded(for key: P256.Signing.PrivateKey, name: PartyName? = nil) throws -> [UInt8] {
    let request = try CertificateSigningRequest(
      version: .v1, subject: name.map { try DistinguishedName($0) } ?? DistinguishedName(),
      privateKey: Certificate.PrivateKey(key), attributes: CertificateSigningRequest.Attributes())
    var serializer = DER.Serializer()
    try serializer.serialize(request)
    return serializer.serializedBytes
  }
}

extension DistinguishedName {
  /// The subject of a party's certificate: its name alone.
  init(_ name: PartyName) throws { try self.init { CommonName(name.description) } }
}

extension P256.Signing.PublicKey {
  var hash: Hash { Hash(of: Array(derRepresentation)) }
}

extension Certificate {
  package var derEncoded: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(self)
      return serializer.serializedBytes
    }
  }
}
