package import Crypto
package import FluxionCalculus
package import Foundation
import SwiftASN1
package import X509

/// The authority of one federation: a self-signed certificate and its key, which sign for the server and the parties.
///
/// Keys are P-256, signatures ECDSA with SHA-256. It signs leaves only (a path length of 0): a certificate for a server
/// is no certificate for a client, nor the other way about.
package struct CertificateAuthority: Sendable {
  package let certificate: Certificate
  private let key: P256.Signing.PrivateKey
  private let lifetimes: Lifetimes

  private init(certificate: Certificate, key: P256.Signing.PrivateKey, lifetimes: Lifetimes) {
    self.certificate = certificate
    self.key = key
    self.lifetimes = lifetimes
  }

  /// A new authority.
  package init(now: Date, lifetimes: Lifetimes = Lifetimes()) throws {
    let key = P256.Signing.PrivateKey()
    let serial = Certificate.SerialNumber()
    // Two federations on one machine are told apart by what follows the words.
    let name = try DistinguishedName { CommonName("Fluxion federation \(Hexadecimal.text(serial.bytes.prefix(4)))") }
    let certificate = try Certificate(
      version: .v3, serialNumber: serial, publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: now.addingTimeInterval(-lifetimes.backdating),
      notValidAfter: now.addingTimeInterval(lifetimes.authority), issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
      }, issuerPrivateKey: Certificate.PrivateKey(key))
    self.init(certificate: certificate, key: key, lifetimes: lifetimes)
  }

  package var fingerprint: Fingerprint { get throws { Fingerprint(of: try certificate.derEncoded) } }

  /// A certificate by which a party shows who it is.
  package func certify(_ party: PartyName, _ key: P256.Signing.PublicKey, now: Date) throws -> Certificate {
    try sign(
      key, as: DistinguishedName(party), .clientAuth, lifetime: lifetimes.party, now: now,
      SubjectAlternativeNames([.uniformResourceIdentifier("fluxion:party:\(party)")]))
  }

  /// A certificate by which a server shows that it is this federation's.
  package func certify(_ names: [ServerName], _ key: P256.Signing.PublicKey, now: Date) throws -> Certificate {
    try sign(
      key, as: DistinguishedName { CommonName("Fluxion server") }, .serverAuth, lifetime: lifetimes.server, now: now,
      SubjectAlternativeNames(names.map(\.general)))
  }

  private func sign(
    _ leaf: P256.Signing.PublicKey, as subject: DistinguishedName, _ usage: ExtendedKeyUsage.Usage,
    lifetime: TimeInterval, now: Date, _ names: SubjectAlternativeNames
  ) throws -> Certificate {
    guard now < certificate.notValidAfter else {
      throw FluxionError(
        .unsupported,
        "the federation's authority was good until \(certificate.notValidAfter.formatted(.iso8601)); "
          + "begin a federation with a new state folder")
    }
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(leaf),
      notValidBefore: now.addingTimeInterval(-lifetimes.backdating),
      notValidAfter: min(now.addingTimeInterval(lifetime), certificate.notValidAfter), issuer: certificate.subject,
      subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([usage])
        names
        SubjectKeyIdentifier(hash: Certificate.PublicKey(leaf))
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
      }, issuerPrivateKey: Certificate.PrivateKey(key))
  }
}

extension ServerName {
  /// As a certificate has it.
  var general: GeneralName {
    switch self {
    case .dns(let name): .dnsName(name)
    case .address(let bytes): .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
    }
  }
}

extension CertificateAuthority {
  /// Certificate and key, for a file that nobody else may read.
  package var pem: String {
    get throws { try KeyedCertificates(key: key, certificates: [certificate]).pem }
  }

  /// - Throws: ``FluxionError/Code/corruptData``.
  package init(pem: String, lifetimes: Lifetimes = Lifetimes()) throws(FluxionError) {
    let documents = try KeyedCertificates(pem: pem)
    guard documents.certificates.count == 1, let certificate = documents.certificates.first,
      certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
    else { throw FluxionError(.corruptData, "an authority is one certificate that is signed by its own key") }
    self.init(certificate: certificate, key: documents.key, lifetimes: lifetimes)
  }
}
