package import Crypto
package import FluxionCalculus
public import Foundation
import SwiftASN1
package import X509

/// What a party shows a server: its private key and certificate, with the authority that it knows the server by.
public struct PartyIdentity: Sendable {
  public let name: PartyName
  package let key: P256.Signing.PrivateKey
  package let certificate: Certificate
  package let authority: Certificate

  /// What a server has answered, once it is known to be for this key, and from the authority that is trusted.
  ///
  /// - Parameters:
  ///   - certificate: in DER, as is `authority`.
  ///   - trusted: of the authority, as a token has it or an identity before.
  /// - Throws: ``FluxionError/Code/corruptData``.
  package init(
    name: String, key: P256.Signing.PrivateKey, certificate: [UInt8], authority: [UInt8], trusted: Fingerprint
  ) throws(FluxionError) {
    guard Fingerprint(of: authority) == trusted else {
      throw FluxionError(.corruptData, "the server's answer is from another federation")
    }
    let certificates: [Certificate]
    do { certificates = try [certificate, authority].map { try Certificate(derEncoded: $0) } } catch {
      throw FluxionError(.corruptData, "the server's answer holds no certificates", cause: error)
    }
    try self.init(name: PartyName(name), key: key, certificate: certificates[0], authority: certificates[1])
  }

  private init(
    name: PartyName, key: P256.Signing.PrivateKey, certificate: Certificate, authority: Certificate
  ) throws(FluxionError) {
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey),
      certificate.subject == (try? DistinguishedName(name)),
      authority.publicKey.isValidSignature(certificate.signature, for: certificate)
    else { throw FluxionError(.corruptData, "the certificate is not one that the authority gave this key of \(name)") }
    self.name = name
    self.key = key
    self.certificate = certificate
    self.authority = authority
  }

  /// By which the party knows its federation.
  package var trusted: Fingerprint { get throws { Fingerprint(of: try encodedAuthority) } }

  /// In DER, as are the others.
  package var encodedCertificate: [UInt8] { get throws { try certificate.derEncoded } }
  package var encodedAuthority: [UInt8] { get throws { try authority.derEncoded } }
  /// PKCS #8.
  package var encodedKey: [UInt8] { Array(key.derRepresentation) }

  /// Until when the certificate is good.
  public var expires: Date { certificate.notValidAfter }

  /// Whether it is time for another certificate: a third of this one's or less is left.
  public func isDueForRenewal(_ now: Date = Date()) -> Bool {
    Lifetimes.isDueForRenewal(from: certificate.notValidBefore, until: certificate.notValidAfter, now: now)
  }
}

extension PartyIdentity {
  init(pem: String) throws(FluxionError) {
    let documents = try KeyedCertificates(pem: pem)
    guard documents.certificates.count == 2, let attribute = documents.certificates[0].subject.first?.first,
      let name = String(attribute.value)
    else {
      throw FluxionError(.corruptData, "an identity is a key, its certificate and that of the authority")
    }
    try self.init(
      name: PartyName(name), key: documents.key, certificate: documents.certificates[0],
      authority: documents.certificates[1])
  }

  var pem: String { get throws { try KeyedCertificates(key: key, certificates: [certificate, authority]).pem } }
}
