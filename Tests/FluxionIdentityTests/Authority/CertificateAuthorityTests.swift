import Crypto
import FluxionCalculus
import Foundation
import Testing
import X509

@testable import FluxionIdentity

@Suite("Certificate authority")
struct CertificateAuthorityTests {
  private let now = Date(timeIntervalSince1970: 1_800_000_000)
  private let key = P256.Signing.PrivateKey().publicKey

  @Test("an authority signs leaves only")
  func anAuthoritySignsLeavesOnly() throws {
    let certificate = try CertificateAuthority(now: now).certificate
    guard case .isCertificateAuthority(maxPathLength: 0) = try certificate.extensions.basicConstraints else {
      Issue.record("the authority may sign other authorities, or nothing")
      return
    }
    #expect(try certificate.extensions.keyUsage?.keyCertSign == true)
    #expect(try certificate.extensions.keyUsage?.digitalSignature == false)
    #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
    #expect(certificate.notValidAfter == now + 3650 * 86400)
  }

  @Test("a party's certificate is for its name and for clients only")
  func aPartysCertificateIsForItsNameAndForClientsOnly() throws {
    let authority = try CertificateAuthority(now: now)
    let certificate = try authority.certify(PartyName("hospital-a"), key, now: now)
    #expect(certificate.subject.description == "CN=hospital-a")
    #expect(certificate.issuer == authority.certificate.subject)
    #expect(try certificate.extensions.extendedKeyUsage.map { Array($0) } == [.clientAuth])
    guard case .notCertificateAuthority = try certificate.extensions.basicConstraints else {
      Issue.record("a party is an authority")
      return
    }
    #expect(authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
    #expect(certificate.notValidBefore == now - 300)
    #expect(certificate.notValidAfter == now + 90 * 86400)
  }

  @Test("a server's certificate lists its names and is for servers only")
  func aServersCertificateListsItsNamesAndIsForServersOnly() throws {
    let names = try [ServerName("fed.example.org"), ServerName("192.0.2.7")]
    let certificate = try CertificateAuthority(now: now).certify(names, key, now: now)
    #expect(try certificate.extensions.extendedKeyUsage.map { Array($0) } == [.serverAuth])
    #expect(try certificate.extensions.subjectAlternativeNames.map { Array($0) } == names.map(\.general))
  }

  @Test("serials differ")
  func serialsDiffer() throws {
    let authority = try CertificateAuthority(now: now)
    let serials = try (0..<8).map { _ in try authority.certify(PartyName("a"), key, now: now).serialNumber }
    #expect(Set(serials).count == 8)
    #expect(serials.allSatisfy { $0.bytes.count >= 16 })
  }

  @Test("nothing is good for longer than the authority")
  func nothingIsGoodForLongerThanTheAuthority() throws {
    var lifetimes = Lifetimes()
    lifetimes.authority = 3600
    let authority = try CertificateAuthority(now: now, lifetimes: lifetimes)
    #expect(try authority.certify(PartyName("a"), key, now: now).notValidAfter == now + 3600)
    #expect { try authority.certify(PartyName("a"), key, now: now + 3600) } throws: {
      ($0 as? FluxionError)?.code == .unsupported
    }
  }

  @Test("an authority is read back from its text")
  func anAuthorityIsReadBackFromItsText() throws {
    let authority = try CertificateAuthority(now: now)
    let read = try CertificateAuthority(pem: authority.pem)
    #expect(read.certificate == authority.certificate)
    let certificate = try read.certify(PartyName("a"), key, now: now)
    #expect(authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
  }

  @Test("a key with another's certificate is refused")
  func aKeyWithAnothersCertificateIsRefused() throws {
    let (one, other) = try (CertificateAuthority(now: now), CertificateAuthority(now: now))
    let mixed = try KeyedCertificates(
      key: KeyedCertificates(pem: one.pem).key, certificates: [other.certificate]
    ).pem
    for text in ["", "hello", try String(one.pem.dropLast(40)), mixed, try one.pem + other.pem] {
      #expect { try CertificateAuthority(pem: text) } throws: { ($0 as? FluxionError)?.code == .corruptData }
    }
  }
}
