import Crypto
import FluxionCalculus
import Foundation
import Testing
import X509

@testable import FluxionIdentity

@Suite("Enrolment")
struct EnrollmentTests {
  private let key = P256.Signing.PrivateKey()
  private let federation: Federation

  init() throws { federation = try Federation() }

  @Test("a token becomes a certificate of the invited name")
  func aTokenBecomesACertificateOfTheInvitedName() throws {
    let party = try federation.party("hospital-a", key: key)
    #expect(party.name.description == "hospital-a")
    #expect(try federation.registrar.party(presenting: party.certificate) == party.name)
    #expect(party.expires == federation.now + 90 * 86400)
  }

  @Test("a token is spent once")
  func aTokenIsSpentOnce() throws {
    let token = try federation.invite("a")
    _ = try enroll(token)
    expectRefusal("used before") { try enroll(token, P256.Signing.PrivateKey()) }
  }

  /// The client has not got its answer, and does not know what became of the token.
  @Test("the same key gets the same certificate again")
  func theSameKeyGetsTheSameCertificateAgain() throws {
    let token = try federation.invite("a")
    let first = try enroll(token)
    let size = try log().count
    for _ in 0..<3 { #expect(try enroll(token).certificate == first.certificate) }
    // Also from a server that was started again, and after the token's time.
    federation.advance(7200)
    let again = try federation.anotherRegistrar().enroll(
      secret: token.secret, request: SigningRequest.encoded(for: key))
    #expect(again.certificate == first.certificate)
    #expect(try log().count == size)
  }

  @Test("a token that nobody has issued is refused whichever bit differs")
  func aTokenThatNobodyHasIssuedIsRefusedWhicheverBitDiffers() throws {
    let token = try federation.invite("a")
    for bit in 0..<128 {
      var secret = token.secret
      secret[bit / 8] ^= 1 << (bit % 8)
      expectRefusal("not issued") {
        try federation.registrar.enroll(secret: secret, request: SigningRequest.encoded(for: key))
      }
    }
    expectRefusal("not issued") {
      try federation.registrar.enroll(secret: [], request: SigningRequest.encoded(for: key))
    }
    expectRefusal("not issued") { try enroll(JoinToken(authority: token.authority)) }
    // Nothing of this has spent it.
    _ = try enroll(token)
  }

  @Test("a token is good until its time and not at it")
  func aTokenIsGoodUntilItsTimeAndNotAtIt() throws {
    let (first, second) = try (federation.invite("a", for: 60), federation.invite("b", for: 60))
    federation.advance(59)
    _ = try enroll(first)
    federation.advance(1)
    expectRefusal("was good until") { try enroll(second, P256.Signing.PrivateKey()) }
  }

  @Test("a request for another name than the invited is refused")
  func aRequestForAnotherNameThanTheInvitedIsRefused() throws {
    let token = try federation.invite("hospital-a")
    expectRefusal("bound to another name") {
      try federation.registrar.enroll(
        secret: token.secret, request: SigningRequest.encoded(for: key, name: PartyName("hospital-b")))
    }
    _ = try federation.registrar.enroll(
      secret: token.secret, request: SigningRequest.encoded(for: key, name: PartyName("hospital-a")))
  }

  @Test("a request that is none does not spend the token")
  func aRequestThatIsNoneDoesNotSpendTheToken() throws {
    let token = try federation.invite("a")
    #expect { try federation.registrar.enroll(secret: token.secret, request: [1, 2, 3]) } throws: {
      ($0 as? FluxionError)?.code == .corruptData
    }
    _ = try enroll(token)
  }

  @Test("a later invitation withdraws an earlier of the same name")
  func aLaterInvitationWithdrawsAnEarlierOfTheSameName() throws {
    let (first, second) = try (federation.invite("a"), federation.invite("a"))
    expectRefusal("withdrawn") { try enroll(first) }
    _ = try enroll(second)
  }

  @Test("who is a party is not invited again before it is revoked")
  func whoIsAPartyIsNotInvitedAgainBeforeItIsRevoked() throws {
    _ = try federation.party("a")
    #expect { try federation.invite("a") } throws: { ($0 as? FluxionError)?.message.contains("revoke a") == true }
    try federation.revoke("a")
    _ = try federation.party("a")
  }

  @Test("a key belongs to one party")
  func aKeyBelongsToOneParty() throws {
    _ = try federation.party("a", key: key)
    expectRefusal("belongs to another party") { try federation.party("b", key: key) }
  }

  @Test("an invitation is not good for", arguments: [0, -1, 2_592_001, .infinity, .nan] as [TimeInterval])
  func anInvitationIsNotGoodFor(_ time: TimeInterval) throws {
    #expect { try federation.invite("a", for: time) } throws: { ($0 as? FluxionError)?.code == .invalidArgument }
  }

  @Test("nothing at rest gives a token away")
  func nothingAtRestGivesATokenAway() throws {
    let token = try federation.invite("a")
    let files = try FileManager.default.contentsOfDirectory(atPath: federation.file("").path)
    for file in files {
      let text = try String(contentsOf: federation.file(file), encoding: .utf8)
      #expect(!text.contains(Hexadecimal.text(token.secret)))
      #expect(!text.contains(Data(token.secret).base64EncodedString()))
      #expect(!text.contains(token.text))
    }
  }

  private func enroll(_ token: JoinToken, _ key: P256.Signing.PrivateKey? = nil) throws -> Registrar.Grant {
    try federation.registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: key ?? self.key))
  }

  private func log() throws -> Data { try Data(contentsOf: federation.file("registry.log")) }
}

func expectRefusal(_ words: String, _ body: () throws -> Any) {
  #expect {
    _ = try body()
  } throws: { error in
    guard let error = error as? FluxionError else { return false }
    return error.code == .unauthorized && error.message.contains(words)
  }
}
