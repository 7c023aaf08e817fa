import Crypto
import FluxionCalculus
import Foundation
import Testing
import X509

@testable import FluxionIdentity

/// What a certificate has to be, beyond being signed by the authority, which the handshake sees to.
@Suite("Certificates that are shown")
struct PresentingTests {
  private let federation: Federation

  init() throws { federation = try Federation() }

  @Test("a certificate of another federation is not on record")
  func aCertificateOfAnotherFederationIsNotOnRecord() throws {
    let foreign = try Federation().party("a")
    _ = try federation.party("a")
    expectRefusal("not on this federation's record") {
      try federation.registrar.party(presenting: foreign.certificate)
    }
  }

  /// As from a copy of the authority's key.
  @Test("a certificate that the authority signed off the record is refused")
  func aCertificateThatTheAuthoritySignedOffTheRecordIsRefused() throws {
    let party = try federation.party("a")
    let certificate = try federation.registrar.authority.certify(party.name, party.key.publicKey, now: federation.now)
    expectRefusal("not on this federation's record") { try federation.registrar.party(presenting: certificate) }
  }

  @Test("a certificate with the serial of another is refused")
  func aCertificateWithTheSerialOfAnotherIsRefused() throws {
    let (party, other) = try (federation.party("a"), federation.party("b"))
    for (name, key) in [(other.name, party.key), (party.name, other.key)] {
      let signer = P256.Signing.PrivateKey()
      let forged = try Certificate(
        version: .v3, serialNumber: party.certificate.serialNumber,
        publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: party.certificate.notValidBefore,
        notValidAfter: party.certificate.notValidAfter, issuer: party.certificate.issuer,
        subject: DistinguishedName { CommonName(name.description) }, extensions: Certificate.Extensions(),
        issuerPrivateKey: Certificate.PrivateKey(signer))
      expectRefusal("not on this federation's record") { try federation.registrar.party(presenting: forged) }
    }
  }

  @Test("the server's certificate is no party's")
  func theServersCertificateIsNoPartys() throws {
    let server = try federation.registrar.serverCertificate(for: [ServerName("localhost")])
    expectRefusal("not on this federation's record") {
      try federation.registrar.party(presenting: server.certificates[0])
    }
  }

  @Test("a certificate is good until its time and not at it")
  func aCertificateIsGoodUntilItsTimeAndNotAtIt() throws {
    let party = try federation.party("a")
    federation.advance(90 * 86400 - 1)
    #expect(try federation.registrar.party(presenting: party.certificate) == party.name)
    try federation.registrar.check(serialOf: party.certificate)
    federation.advance(1)
    expectRefusal("was good until") { try federation.registrar.party(presenting: party.certificate) }
    expectRefusal("was good until") { try federation.registrar.check(serialOf: party.certificate) }
  }

  @Test("a certificate from the future is refused")
  func aCertificateFromTheFutureIsRefused() throws {
    let party = try federation.party("a")
    federation.advance(-301)
    expectRefusal("not on this federation's record") {
      try federation.registrar.party(presenting: party.certificate)
    }
  }
}
