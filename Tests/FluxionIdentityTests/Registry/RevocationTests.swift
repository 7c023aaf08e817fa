import Crypto
import FluxionCalculus
import Foundation
import SwiftASN1
import Testing
import X509

@testable import FluxionIdentity

@Suite("Revocation")
struct RevocationTests {
  private let federation: Federation

  init() throws { federation = try Federation() }

  @Test("a revoked party is not let in by any of its certificates")
  func aRevokedPartyIsNotLetInByAnyOfItsCertificates() throws {
    let party = try federation.party("a")
    let renewed = try federation.registrar.renew(
      party.certificate, request: SigningRequest.encoded(for: P256.Signing.PrivateKey()))
    let other = try federation.party("b")
    try federation.revoke("a")
    expectRefusal("revoked") { try federation.registrar.party(presenting: party.certificate) }
    expectRefusal("revoked") { try federation.registrar.check(serialOf: party.certificate) }
    expectRefusal("revoked") {
      try federation.registrar.party(presenting: Certificate(derEncoded: renewed.certificate))
    }
    #expect(try federation.registrar.party(presenting: other.certificate) == other.name)
  }

  @Test("what another process revokes is revoked here")
  func whatAnotherProcessRevokesIsRevokedHere() throws {
    let party = try federation.party("a")
    #expect(try federation.registrar.party(presenting: party.certificate) == party.name)
    try federation.anotherRegistrar().revoke(party.name)
    expectRefusal("revoked") { try federation.registrar.party(presenting: party.certificate) }
  }

  @Test("a revocation outlives the server")
  func aRevocationOutlivesTheServer() throws {
    let party = try federation.party("a")
    try federation.revoke("a")
    expectRefusal("revoked") { try federation.anotherRegistrar().party(presenting: party.certificate) }
  }

  @Test("a revoked party neither renews nor enrolls with what it had")
  func aRevokedPartyNeitherRenewsNorEnrollsWithWhatItHad() throws {
    let key = P256.Signing.PrivateKey()
    let token = try federation.invite("a")
    let grant = try federation.registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: key))
    let party = try federation.identity(grant, key)
    try federation.revoke("a")
    expectRefusal("revoked") {
      try federation.registrar.renew(party.certificate, request: SigningRequest.encoded(for: key))
    }
    expectRefusal("no longer good") {
      try federation.registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: key))
    }
    expectRefusal("was revoked; make another") { try federation.party("a", key: key) }
  }

  @Test("who is invited after a revocation is a party again and its old certificate stays revoked")
  func whoIsInvitedAfterARevocationIsAPartyAgainAndItsOldCertificateStaysRevoked() throws {
    let old = try federation.party("a")
    try federation.revoke("a")
    let new = try federation.party("a")
    #expect(try federation.registrar.party(presenting: new.certificate) == new.name)
    expectRefusal("revoked") { try federation.registrar.party(presenting: old.certificate) }
  }

  @Test("revoking an invited name withdraws its token")
  func revokingAnInvitedNameWithdrawsItsToken() throws {
    let token = try federation.invite("a")
    try federation.revoke("a")
    expectRefusal("withdrawn") {
      try federation.registrar.enroll(
        secret: token.secret, request: SigningRequest.encoded(for: P256.Signing.PrivateKey()))
    }
  }

  @Test("a name that was never invited cannot be revoked")
  func aNameThatWasNeverInvitedCannotBeRevoked() throws {
    _ = try federation.invite("hospital-a")
    #expect { try federation.revoke("hospital-b") } throws: { error in
      (error as? FluxionError)?.code == .notFound
        && (error as? FluxionError)?.message.contains("hospital-a") == true
    }
  }
}
