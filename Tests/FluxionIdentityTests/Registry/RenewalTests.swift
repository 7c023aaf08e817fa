import Crypto
import FluxionCalculus
import Foundation
import Testing
import X509

@testable import FluxionIdentity

@Suite("Renewal")
struct RenewalTests {
  private let federation: Federation
  private let next = P256.Signing.PrivateKey()

  init() throws { federation = try Federation() }

  @Test("a party renews its certificate with another key")
  func aPartyRenewsItsCertificateWithAnotherKey() throws {
    let party = try federation.party("a")
    federation.advance(61 * 86400)
    #expect(party.isDueForRenewal(federation.now))
    let renewed = try federation.identity(renew(party, next), next)
    #expect(renewed.name == party.name)
    #expect(renewed.expires == federation.now + 90 * 86400)
    #expect(!renewed.isDueForRenewal(federation.now))
    federation.advance(30 * 86400)
    expectRefusal("was good until") { try federation.registrar.party(presenting: party.certificate) }
    #expect(try federation.registrar.party(presenting: renewed.certificate) == party.name)
  }

  @Test("who renews twice with the same key gets the same certificate")
  func whoRenewsTwiceWithTheSameKeyGetsTheSameCertificate() throws {
    let party = try federation.party("a")
    #expect(try renew(party, next).certificate == renew(party, next).certificate)
  }

  @Test("an expired certificate is not renewed")
  func anExpiredCertificateIsNotRenewed() throws {
    let party = try federation.party("a")
    federation.advance(90 * 86400)
    expectRefusal("was good until") { try renew(party, next) }
  }

  @Test("a party cannot renew as another")
  func aPartyCannotRenewAsAnother() throws {
    let (party, other) = try (federation.party("a"), federation.party("b"))
    expectRefusal("another name") {
      try federation.registrar.renew(
        party.certificate, request: SigningRequest.encoded(for: next, name: other.name))
    }
    expectRefusal("belongs to another party") { try renew(party, other.key) }
  }

  @Test("a party cannot fill the record")
  func aPartyCannotFillTheRecord() throws {
    let party = try federation.party("a")
    for _ in 1..<Registry.liveCertificates { _ = try renew(party, P256.Signing.PrivateKey()) }
    expectRefusal("may renew when one has run out") { try renew(party, next) }
  }

  private func renew(_ party: PartyIdentity, _ key: P256.Signing.PrivateKey) throws -> Registrar.Grant {
    try federation.registrar.renew(party.certificate, request: SigningRequest.encoded(for: key))
  }
}
