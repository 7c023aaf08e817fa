import Crypto
import FluxionCalculus
import Foundation
import Testing
import X509

@testable import FluxionIdentity

@Suite("Registrar")
struct RegistrarTests {
  private let federation: Federation

  init() throws { federation = try Federation() }

  @Test("an authority is made once and nobody else reads it")
  func anAuthorityIsMadeOnceAndNobodyElseReadsIt() throws {
    let again = try Registrar(creating: federation.state)
    #expect(again.authority.certificate == federation.registrar.authority.certificate)
    _ = try federation.registrar.serverCertificate(for: [ServerName("localhost")])
    #expect(try mode(federation.file("")) == 0o700)
    for name in ["authority.pem", "server.pem", "registry.log"] {
      #expect(try mode(federation.file(name)) == 0o600)
    }
  }

  @Test("processes that begin at once have one authority")
  func processesThatBeginAtOnceHaveOneAuthority() async throws {
    let state = federation.state.appending(path: "other")
    let authorities = try await withThrowingTaskGroup(of: Certificate.self) { group in
      for _ in 0..<8 { group.addTask { try Registrar(creating: state).authority.certificate } }
      return try await group.reduce(into: Set<Certificate>()) { $0.insert($1) }
    }
    #expect(authorities.count == 1)
  }

  @Test("a key that others may read is not used")
  func aKeyThatOthersMayReadIsNotUsed() throws {
    chmod(federation.file("authority.pem").path, 0o644)
    #expect { try Registrar(state: federation.state) } throws: {
      ($0 as? FluxionError)?.message.contains("chmod 600") == true
    }
  }

  @Test("a folder without an authority is said to be none")
  func aFolderWithoutAnAuthorityIsSaidToBeNone() {
    #expect { try Registrar(state: federation.state.appending(path: "nowhere")) } throws: {
      ($0 as? FluxionError)?.code == .notFound
    }
  }

  /// The registry may have held a revocation.
  @Test("an authority without its registry lets nobody in")
  func anAuthorityWithoutItsRegistryLetsNobodyIn() throws {
    let party = try federation.party("a")
    try FileManager.default.removeItem(at: federation.file("registry.log"))
    #expect(throws: FluxionError.self) { try federation.registrar.party(presenting: party.certificate) }
    #expect(throws: FluxionError.self) { try Registrar(state: federation.state) }
    #expect(throws: FluxionError.self) { try Registrar(creating: federation.state) }
  }

  @Test("parties are listed with what they may")
  func partiesAreListedWithWhatTheyMay() throws {
    _ = try federation.invite("late", for: 60)
    let enrolled = try federation.party("enrolled")
    _ = try federation.party("revoked")
    try federation.revoke("revoked")
    federation.advance(120)
    _ = try federation.invite("invited", for: 60)
    let now = federation.now
    let standings = try federation.registrar.standings()
    #expect(standings.map(\.name.description) == ["enrolled", "invited", "late", "revoked"])
    #expect(standings.map(\.state) == [.enrolled, .invited, .invitationExpired, .revoked])
    #expect(standings.map(\.expires) == [enrolled.expires, now + 60, now - 60, nil])
    #expect(standings.map(\.serials.count) == [1, 0, 0, 0])
    federation.advance(91 * 86400)
    #expect(
      try federation.registrar.standings().map(\.state) == [.expired, .invitationExpired, .invitationExpired, .revoked])
  }

  @Test("the server's certificate is kept and renewed when it is time or its names change")
  func theServersCertificateIsKeptAndRenewedWhenItIsTimeOrItsNamesChange() throws {
    let names = try [ServerName("localhost"), ServerName("127.0.0.1")]
    let first = try federation.registrar.serverCertificate(for: names)
    #expect(try federation.anotherRegistrar().serverCertificate(for: names.reversed()).pem == first.pem)
    #expect(first.certificates.last == federation.registrar.authority.certificate)
    let other = try federation.registrar.serverCertificate(for: names + [ServerName("fed.example.org")])
    #expect(try other.pem != first.pem)
    federation.advance(61 * 86400)
    let renewed = try federation.registrar.serverCertificate(for: names + [ServerName("fed.example.org")])
    #expect(renewed.certificates[0].notValidAfter == federation.now + 90 * 86400)
    #expect(renewed.key.rawRepresentation != other.key.rawRepresentation)
  }

  @Test("a server certificate that is damaged is replaced")
  func aServerCertificateThatIsDamagedIsReplaced() throws {
    let names = try [ServerName("localhost")]
    _ = try federation.registrar.serverCertificate(for: names)
    try Data("damaged".utf8).write(to: federation.file("server.pem"))
    let made = try federation.registrar.serverCertificate(for: names)
    #expect(try federation.registrar.serverCertificate(for: names).pem == made.pem)
  }

  private func mode(_ file: URL) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
  }
}
