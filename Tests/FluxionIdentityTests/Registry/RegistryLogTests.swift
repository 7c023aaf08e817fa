import Crypto
import FluxionCalculus
import Foundation
import Testing

@testable import FluxionIdentity

@Suite("The registry on disk")
struct RegistryLogTests {
  private let federation: Federation
  private let file: URL

  init() throws {
    federation = try Federation()
    file = federation.file("registry.log")
  }

  /// The server dies at any byte of the append that spends a token.
  @Test("a token is spent and its certificate on record or neither")
  func aTokenIsSpentAndItsCertificateOnRecordOrNeither() throws {
    let token = try federation.invite("a")
    let before = try Data(contentsOf: file)
    let (one, other) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
    let first = try federation.registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: one))
    let after = try Data(contentsOf: file)
    let lengths = [before.count, before.count + 1, (before.count + after.count) / 2, after.count - 1]
    for length in lengths {
      try after.prefix(length).write(to: file)
      let registrar = try federation.anotherRegistrar()
      // Nobody was told of the certificate; so it is not good, and whoever has the token may still use it.
      #expect(try registrar.standings().map(\.state) == [.invited])
      let grant = try registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: other))
      #expect(grant.certificate != first.certificate)
      expectRefusal("used before") {
        try registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: one))
      }
      #expect(try federation.anotherRegistrar().standings().map(\.state) == [.enrolled])
    }
    try after.write(to: file)
    let registrar = try federation.anotherRegistrar()
    expectRefusal("used before") {
      try registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: other))
    }
    #expect(
      try registrar.enroll(secret: token.secret, request: SigningRequest.encoded(for: one)).certificate
        == first.certificate)
  }

  @Test("any damaged byte ends all reading")
  func anyDamagedByteEndsAllReading() throws {
    _ = try federation.party("a")
    try federation.revoke("a")
    let good = try Data(contentsOf: file)
    for index in good.indices {
      var damaged = good
      damaged[index] ^= 0x10
      try damaged.write(to: file)
      // Without its last line feed the last line was never finished; that is what a crash leaves.
      if index == good.endIndex - 1 { continue }
      #expect { try RegistryLog(file).current() } throws: { ($0 as? FluxionError)?.code == .corruptData }
    }
  }

  @Test("a copy of the record that is put back is read anew")
  func aCopyThatIsPutBackIsReadAnew() throws {
    let party = try federation.party("a")
    let copy = try Data(contentsOf: file)
    try federation.revoke("a")
    expectRefusal("revoked") { try federation.registrar.party(presenting: party.certificate) }
    // Someone has put back a copy: what it says counts.
    try FileManager.default.removeItem(at: file)
    try copy.write(to: file)
    #expect(try federation.registrar.party(presenting: party.certificate) == party.name)
  }

  @Test("processes that write at once lose nothing")
  func processesThatWriteAtOnceLoseNothing() async throws {
    let registrars = try (0..<4).map { _ in try federation.anotherRegistrar() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, registrar) in registrars.enumerated() {
        group.addTask {
          for number in 0..<10 { _ = try registrar.invite(PartyName("party-\(index)-\(number)"), for: 60) }
        }
      }
      try await group.waitForAll()
    }
    #expect(try federation.registrar.standings().count == 40)
    #expect(try federation.anotherRegistrar().standings().count == 40)
  }

  @Test("one of many that use a token at once gets it")
  func oneOfManyThatUseATokenAtOnceGetsIt() async throws {
    let token = try federation.invite("a")
    let registrars = try (0..<8).map { _ in try federation.anotherRegistrar() }
    let granted = await withTaskGroup(of: Bool.self) { group in
      for registrar in registrars {
        group.addTask {
          let request = try? SigningRequest.encoded(for: P256.Signing.PrivateKey())
          return (try? registrar.enroll(secret: token.secret, request: request ?? [])) != nil
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(granted == 1)
  }
}
