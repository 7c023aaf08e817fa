import Crypto
import Foundation
import Synchronization
import X509

@testable import FluxionIdentity

/// A server's state folder in a temporary place, and a clock that moves when it is told to.
final class Federation: Sendable {
  let state: URL
  let registrar: Registrar
  private let clock: Clock

  /// - Parameter start: now, for what goes by the system's clock.
  init(start: Date = Date(timeIntervalSince1970: 1_800_000_000), lifetimes: Lifetimes = Lifetimes()) throws {
    state = FileManager.default.temporaryDirectory.appending(path: "fluxion-identity-\(UUID().uuidString)")
    let clock = Clock(start)
    registrar = try Registrar(creating: state, lifetimes: lifetimes, now: { clock.now })
    self.clock = clock
  }

  private final class Clock: Sendable {
    private let time: Mutex<Date>
    init(_ start: Date) { time = Mutex(start) }
    var now: Date { time.withLock { $0 } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
  }

  deinit { try? FileManager.default.removeItem(at: state) }

  var now: Date { clock.now }

  func advance(_ seconds: TimeInterval) { clock.advance(seconds) }

  /// As another process has it.
  func anotherRegistrar() throws -> Registrar { try Registrar(state: state, now: { [clock] in clock.now }) }

  func file(_ name: String) -> URL { state.appending(path: "identity").appending(path: name) }

  func invite(_ name: String, for time: TimeInterval = 3600) throws -> JoinToken {
    try registrar.invite(PartyName(name), for: time).token
  }

  func revoke(_ name: String) throws { try registrar.revoke(PartyName(name)) }

  /// A party with its certificate.
  func party(_ name: String, key: P256.Signing.PrivateKey = P256.Signing.PrivateKey()) throws -> PartyIdentity {
    try identity(registrar.enroll(secret: invite(name).secret, request: SigningRequest.encoded(for: key)), key)
  }

  func identity(_ grant: Registrar.Grant, _ key: P256.Signing.PrivateKey) throws -> PartyIdentity {
    try PartyIdentity(
      name: grant.party.description, key: key, certificate: grant.certificate, authority: grant.authority,
      trusted: registrar.authority.fingerprint)
  }
}
