import Crypto
import FluxionCalculus
import SwiftASN1
import Testing
import X509

@testable import FluxionIdentity

@Suite("Signing requests")
struct SigningRequestTests {
  private let key = P256.Signing.PrivateKey()

  @Test("a request gives its key")
  func aRequestGivesItsKey() throws {
    let request = try SigningRequest(derEncoded: SigningRequest.encoded(for: key))
    #expect(request.key.rawRepresentation == key.publicKey.rawRepresentation)
    #expect(request.fits(try PartyName("anyone")))
  }

  @Test("a request for a name fits that name only")
  func aRequestForANameFitsThatNameOnly() throws {
    let request = try SigningRequest(derEncoded: SigningRequest.encoded(for: key, name: PartyName("hospital-a")))
    #expect(request.fits(try PartyName("hospital-a")))
    #expect(!request.fits(try PartyName("hospital-b")))
  }

  /// Someone asks for a certificate of a key that it does not have.
  @Test("a request that another key has signed is refused")
  func aRequestThatAnotherKeyHasSignedIsRefused() throws {
    let theirs = try CertificateSigningRequest(derEncoded: SigningRequest.encoded(for: P256.Signing.PrivateKey()))
    let forged = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName(), publicKey: Certificate.PublicKey(key.publicKey),
      attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA256,
      signature: theirs.signature)
    expectRefusal(try encoded(forged), "not signed by the key")
  }

  @Test("a request for another kind of key is refused")
  func aRequestForAnotherKindOfKeyIsRefused() throws {
    let other = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName(), privateKey: Certificate.PrivateKey(P384.Signing.PrivateKey()),
      attributes: CertificateSigningRequest.Attributes())
    expectRefusal(try encoded(other), "P-256")
  }

  @Test("bytes that are no request are refused")
  func bytesThatAreNoRequestAreRefused() throws {
    let good = try SigningRequest.encoded(for: key)
    expectRefusal([], "PKCS #10")
    expectRefusal([UInt8](repeating: 0x30, count: 4096), "PKCS #10")
    expectRefusal([UInt8](repeating: 0, count: 4097), "up to 4096 bytes")
    for length in good.indices { expectRefusal(Array(good.prefix(length)), "") }
    for index in good.indices {
      var damaged = good
      damaged[index] ^= 1
      // Some bytes do not matter to the meaning, none makes another key's request good.
      guard let request = try? SigningRequest(derEncoded: damaged) else { continue }
      #expect(request.key.rawRepresentation == key.publicKey.rawRepresentation)
    }
  }

  private func encoded(_ request: CertificateSigningRequest) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(request)
    return serializer.serializedBytes
  }

  private func expectRefusal(_ bytes: [UInt8], _ words: String) {
    #expect {
      try SigningRequest(derEncoded: bytes)
    } throws: { error in
      guard let error = error as? FluxionError else { return false }
      return error.code == .corruptData && (words.isEmpty || error.message.contains(words))
    }
  }
}
