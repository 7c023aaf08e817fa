import Crypto
import FluxionCalculus
import Foundation
import Testing

@testable import FluxionIdentity

@Suite("A party's folder")
struct PartyFolderTests {
  private let federation: Federation
  private let state: URL
  private let folder: PartyFolder

  init() throws {
    federation = try Federation()
    state = federation.state.appending(path: "party-state")
    folder = try PartyFolder(state: state)
  }

  @Test("a party keeps its key while it waits for a certificate")
  func aPartyKeepsItsKeyWhileItWaitsForACertificate() throws {
    #expect(try folder.identity() == nil)
    let key = try folder.nextKey()
    #expect(try folder.nextKey().rawRepresentation == key.rawRepresentation)
    #expect(try PartyFolder(state: state).nextKey().rawRepresentation == key.rawRepresentation)
  }

  @Test("an identity is read back and the next key is another")
  func anIdentityIsReadBackAndTheNextKeyIsAnother() throws {
    let key = try folder.nextKey()
    let identity = try federation.party("a", key: key)
    try folder.keep(identity)
    let read = try #require(try PartyFolder(state: state).identity())
    #expect(read.name == identity.name)
    #expect(read.certificate == identity.certificate)
    #expect(read.authority == identity.authority)
    #expect(read.key.rawRepresentation == key.rawRepresentation)
    #expect(try folder.nextKey().rawRepresentation != key.rawRepresentation)
  }

  @Test("nobody else reads a key")
  func nobodyElseReadsAKey() throws {
    _ = try folder.nextKey()
    try folder.keep(federation.party("a"))
    _ = try folder.nextKey()
    let party = state.appending(path: "party")
    for (name, mode) in [("", 0o700), ("identity.pem", 0o600), ("next-key.pem", 0o600)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: party.appending(path: name).path)
      #expect(attributes[.posixPermissions] as? Int == mode)
    }
    chmod(party.appending(path: "identity.pem").path, 0o640)
    #expect { try folder.identity() } throws: { ($0 as? FluxionError)?.code == .corruptData }
  }

  @Test("a damaged identity says what to do")
  func aDamagedIdentitySaysWhatToDo() throws {
    try folder.keep(federation.party("a"))
    let file = state.appending(path: "party").appending(path: "identity.pem")
    let text = try String(contentsOf: file, encoding: .utf8)
    for damaged in ["", "hello", String(text.prefix(text.count / 2))] {
      try Data(damaged.utf8).write(to: file)
      #expect { try folder.identity() } throws: {
        ($0 as? FluxionError)?.message.contains("ask for an invitation") == true
      }
    }
  }

  @Test("an answer that is not for this key or from this federation is not taken")
  func anAnswerThatIsNotForThisKeyOrFromThisFederationIsNotTaken() throws {
    let key = P256.Signing.PrivateKey()
    let foreign = try Federation()
    let grant = try federation.registrar.enroll(
      secret: federation.invite("a").secret, request: SigningRequest.encoded(for: key))
    let trusted = try federation.registrar.authority.fingerprint
    let cases: [(String, P256.Signing.PrivateKey, [UInt8], [UInt8], Fingerprint)] = try [
      ("a", key, grant.certificate, grant.authority, foreign.registrar.authority.fingerprint),
      ("a", key, grant.certificate, foreign.registrar.authority.certificate.derEncoded, trusted),
      ("a", key, foreign.party("a", key: key).certificate.derEncoded, grant.authority, trusted),
      ("a", P256.Signing.PrivateKey(), grant.certificate, grant.authority, trusted),
      ("b", key, grant.certificate, grant.authority, trusted),
      ("a", key, [], grant.authority, trusted),
      ("a", key, [1, 2, 3], grant.authority, trusted),
    ]
    for (name, key, certificate, authority, trusted) in cases {
      #expect(throws: FluxionError.self) {
        try PartyIdentity(name: name, key: key, certificate: certificate, authority: authority, trusted: trusted)
      }
    }
    _ = try federation.identity(grant, key)
  }
}
