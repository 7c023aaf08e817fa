import Crypto
import FluxionCalculus
import Foundation
import Testing
import X509

@testable import FluxionIdentity

@Suite("Trust in a server")
struct ServerTrustTests {
  private let federation: Federation
  private let fingerprint: Fingerprint

  init() throws {
    federation = try Federation(start: Date())
    fingerprint = try federation.registrar.authority.fingerprint
  }

  private func chain(_ federation: Federation) throws -> [[UInt8]] {
    try federation.registrar.serverCertificate(for: [ServerName("localhost"), ServerName("127.0.0.1")])
      .certificates.map { try $0.derEncoded }
  }

  @Test("the server of the token's federation is trusted under its names", arguments: ["localhost", "127.0.0.1"])
  func theServerOfTheTokensFederationIsTrustedUnderItsNames(_ name: String) async throws {
    try await ServerTrust.check(chain(federation), of: fingerprint, reachedBy: ServerName(name))
  }

  @Test("a name that the server does not have is refused", arguments: ["example.org", "127.0.0.2", "::1"])
  func aNameThatTheServerDoesNotHaveIsRefused(_ name: String) async throws {
    let chain = try chain(federation)
    await expectRefusal("not for \(name)") {
      try await ServerTrust.check(chain, of: fingerprint, reachedBy: ServerName(name))
    }
  }

  @Test("another federation's server is refused also with this one's authority beside it")
  func anotherFederationsServerIsRefusedAlsoWithThisOnesAuthorityBesideIt() async throws {
    let foreign = try Federation(start: Date())
    let (own, other) = try (chain(federation), chain(foreign))
    await expectRefusal("does not belong") { try await check(other) }
    await expectRefusal("not good") { try await check([other[0], own[1]]) }
    await expectRefusal("not good") { try await check([other[0], own[1], other[1]]) }
  }

  @Test("a party cannot pass for the server")
  func aPartyCannotPassForTheServer() async throws {
    let party = try federation.party("localhost")
    await expectRefusal("not good") {
      try await check([party.certificate.derEncoded, federation.registrar.authority.certificate.derEncoded])
    }
  }

  @Test("an expired server is refused")
  func anExpiredServerIsRefused() async throws {
    var lifetimes = Lifetimes()
    lifetimes.server = 3600
    let past = try Federation(start: Date(timeIntervalSinceNow: -86400), lifetimes: lifetimes)
    let (chain, fingerprint) = try (chain(past), past.registrar.authority.fingerprint)
    await expectRefusal("not good") {
      try await ServerTrust.check(chain, of: fingerprint, reachedBy: ServerName("localhost"))
    }
  }

  @Test("what is no chain is refused")
  func whatIsNoChainIsRefused() async throws {
    let own = try chain(federation)
    for chain in [[], [[]], [[1, 2, 3]], [own[0]], own + own, own + [[7]]] {
      await expectRefusal("does not belong") { try await check(chain) }
    }
  }

  private func check(_ chain: [[UInt8]]) async throws {
    try await ServerTrust.check(chain, of: fingerprint, reachedBy: ServerName("localhost"))
  }

  private func expectRefusal(_ words: String, _ body: () async throws -> Void) async {
    await #expect {
      try await body()
    } throws: { error in
      (error as? FluxionError)?.code == .unauthorized && (error as? FluxionError)?.message.contains(words) == true
    }
  }
}
