import Crypto
import FluxionCalculus
package import Foundation
package import X509

/// Makes parties out of invited names, and lets in who is one: the authority, its registry and the clock.
///
/// Any number of processes may have one for the same folder: a server, and commands that invite and revoke while it
/// runs. In `identity` of the state folder there are `authority.pem`, the authority's key and certificate, `server.pem`,
/// `registry.log`, and `address`, where the server was last reached.
package final class Registrar: Sendable {
  package let authority: CertificateAuthority
  private let log: RegistryLog
  private let folder: PrivateFolder
  /// In whole seconds.
  package let now: @Sendable () -> Date

  private static let authorityFile = "authority.pem"
  private static let serverFile = "server.pem"
  private static let addressFile = "address"

  private init(
    _ authority: CertificateAuthority, _ log: RegistryLog, _ folder: PrivateFolder, now: @escaping @Sendable () -> Date
  ) {
    self.authority = authority
    self.log = log
    self.folder = folder
    self.now = { Date(timeIntervalSince1970: now().timeIntervalSince1970.rounded(.down)) }
  }

  /// The registrar of a state folder, with a new authority if it has none.
  ///
  /// - Throws: ``FluxionError`` for a folder that cannot be read or written, or whose files are damaged.
  package convenience init(
    creating state: URL, lifetimes: Lifetimes = Lifetimes(), now: @escaping @Sendable () -> Date = { Date() }
  ) throws {
    let folder = try PrivateFolder(creating: state.appending(path: "identity"))
    let log = RegistryLog(folder.url.appending(path: "registry.log"))
    let authority: CertificateAuthority
    if let pem = try folder.text(of: Self.authorityFile) {
      authority = try CertificateAuthority(pem: pem, lifetimes: lifetimes)
      // Without its registry an authority would let in whom it has revoked.
      _ = try log.current()
    } else {
      try log.create()
      authority = try log.append { _ in
        // Whoever had the lock before may have made one.
        if let pem = try folder.text(of: Self.authorityFile) {
          return (nil, try CertificateAuthority(pem: pem, lifetimes: lifetimes))
        }
        let made = try CertificateAuthority(now: now(), lifetimes: lifetimes)
        try folder.write(made.pem, to: Self.authorityFile)
        return (nil, made)
      }
    }
    self.init(authority, log, folder, now: now)
  }

  /// The registrar of a state folder that has an authority.
  ///
  /// - Throws: ``FluxionError/Code/notFound`` if it has none.
  package convenience init(
    state: URL, lifetimes: Lifetimes = Lifetimes(), now: @escaping @Sendable () -> Date = { Date() }
  ) throws {
    let folder = try? PrivateFolder(state.appending(path: "identity"))
    guard let folder, let pem = try folder.text(of: Self.authorityFile) else {
      throw FluxionError(
        .notFound, "\(state.relativePath) is no state folder of a server: nobody was invited there yet")
    }
    let log = RegistryLog(folder.url.appending(path: "registry.log"))
    _ = try log.current()
    self.init(try CertificateAuthority(pem: pem, lifetimes: lifetimes), log, folder, now: now)
  }
}

// MARK: - For whoever runs the server

extension Registrar {
  /// The longest that an invitation may be good for: 30 days.
  package static let longestInvitation: TimeInterval = 30 * 86400

  /// A token by which whoever has it becomes this party. It cannot be had again. An invitation of the same name that was
  /// not used is withdrawn.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a party that has a certificate, or for a time that cannot be.
  package func invite(_ party: PartyName, for time: TimeInterval) throws -> (token: JoinToken, expires: Date) {
    guard time >= 1, time <= Self.longestInvitation else {
      throw FluxionError(.invalidArgument, "an invitation is good for 1 second to 30 days")
    }
    let token = JoinToken(authority: try authority.fingerprint)
    return try log.append { registry in
      let now = now()
      try registry.allowInvitation(of: party, now: now)
      let expires = now.addingTimeInterval(time)
      return (.invited(party: party, token: Hash(of: token.secret), at: now, expires: expires), (token, expires))
    }
  }

  /// Takes back what the party has: its certificates and its invitation.
  ///
  /// - Throws: ``FluxionError/Code/notFound`` for a name that was never invited.
  package func revoke(_ party: PartyName) throws {
    try log.append { registry in
      let names = registry.standings(now: now()).map(\.name.description)
      guard names.contains(party.description) else {
        throw FluxionError(.notFound, "no party is called \(party); \(Self.known(names))")
      }
      return (.revoked(party: party, at: now()), ())
    }
  }

  private static func known(_ names: [String]) -> String {
    guard !names.isEmpty else { return "nobody was invited yet" }
    return "invited were: \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? ", …" : "")"
  }

  package func standings() throws -> [PartyStanding] { try log.current().standings(now: now()) }
}

// MARK: - For clients

extension Registrar {
  /// A party's certificate and the authority's, in DER.
  package struct Grant: Sendable {
    package let party: PartyName
    package let certificate: [UInt8]
    package let authority: [UInt8]
  }

  /// Spends a token on a certificate. With the same token and the same key it may be called again, and gets the same.
  ///
  /// - Parameter secret: of the token.
  /// - Throws: ``FluxionError/Code/unauthorized`` for a token that is not good, ``FluxionError/Code/corruptData`` for a
  ///   request that is none.
  package func enroll(secret: [UInt8], request: [UInt8]) throws -> Grant {
    let request = try SigningRequest(derEncoded: request)
    return try log.append { registry in
      let now = now()
      let grant = try registry.grantEnrollment(secret: secret, request, now: now)
      return try carryOut(grant, request, now) { party, issued in
        .enrolled(party: party, token: Hash(of: secret), certificate: issued)
      }
    }
  }

  /// Another certificate for a party that has one.
  ///
  /// - Throws: ``FluxionError/Code/unauthorized``, ``FluxionError/Code/corruptData``.
  package func renew(_ certificate: Certificate, request: [UInt8]) throws -> Grant {
    let request = try SigningRequest(derEncoded: request)
    return try log.append { registry in
      let now = now()
      let party = try registry.party(presenting: certificate, now: now)
      let grant = try registry.grantRenewal(of: party, request, now: now)
      return try carryOut(grant, request, now) { .renewed(party: $0, certificate: $1) }
    }
  }

  private func carryOut(
    _ grant: Registry.Grant, _ request: SigningRequest, _ now: Date,
    _ event: (PartyName, IssuedCertificate) -> RegistryEvent
  ) throws -> (RegistryEvent?, Grant) {
    let root = try authority.certificate.derEncoded
    switch grant {
    case .again(let party, let encoded):
      return (nil, Grant(party: party, certificate: Array(encoded), authority: root))
    case .certify(let party):
      let certificate = try authority.certify(party, request.key, now: now)
      let encoded = try certificate.derEncoded
      return (
        event(party, IssuedCertificate(certificate, request.key, now: now, encoded: Data(encoded))),
        Grant(party: party, certificate: encoded, authority: root)
      )
    }
  }

  /// The party that a certificate stands for at this moment.
  ///
  /// - Throws: ``FluxionError/Code/unauthorized`` for one that is not on record, expired or revoked;
  ///   ``FluxionError/Code/corruptData`` or ``FluxionError/Code/notFound`` if the record cannot be read.
  package func party(presenting certificate: Certificate) throws -> PartyName {
    try log.current().party(presenting: certificate, now: now())
  }

  /// Succeeds if a certificate that was good when it was presented still is: a look at the record, without a look at the
  /// certificate.
  ///
  /// - Throws: as ``party(presenting:)``.
  package func check(serialOf certificate: Certificate) throws {
    try log.current().check(Hexadecimal.text(certificate.serialNumber.bytes), now: now())
  }
}

// MARK: - For the server

extension Registrar {
  /// Where clients reach the server, host and port; nil if it has never run.
  package var address: String? { try? folder.text(of: Self.addressFile)?.trimmingCharacters(in: .newlines) }

  package func keep(address: String) throws { try folder.write(address + "\n", to: Self.addressFile) }

  /// The server's certificate for these names, with its key: the one on disk, or a new one if that is for other names,
  /// or has a third of its time or less before it.
  package func serverCertificate(for names: [ServerName]) throws -> KeyedCertificates {
    guard !names.isEmpty else {
      throw FluxionError(.invalidArgument, "a server's certificate has at least one name by which clients reach it")
    }
    if let held = try? folder.text(of: Self.serverFile).map({ try KeyedCertificates(pem: $0) }),
      let certificate = held.certificates.first, isGood(certificate, for: names)
    {
      return held
    }
    return try log.append { _ in
      let (key, now) = (P256.Signing.PrivateKey(), now())
      let certificate = try authority.certify(names, key.publicKey, now: now)
      let made = KeyedCertificates(key: key, certificates: [certificate, authority.certificate])
      try folder.write(made.pem, to: Self.serverFile)
      return (.served(certificate: IssuedCertificate(certificate, key.publicKey, now: now, encoded: nil)), made)
    }
  }

  /// The server's certificate that is on disk, and whether the authority signed it; nil if there is none.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for a file that is damaged or open to others.
  package func heldServerCertificate() throws -> (facts: CertificateFacts, isOfAuthority: Bool)? {
    guard let pem = try folder.text(of: Self.serverFile) else { return nil }
    guard let certificate = try KeyedCertificates(pem: pem).certificates.first else {
      throw FluxionError(.corruptData, "\(folder.url.appending(path: Self.serverFile).relativePath) has no certificate")
    }
    return (
      CertificateFacts(certificate),
      authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
    )
  }

  private func isGood(_ certificate: Certificate, for names: [ServerName]) -> Bool {
    let alternatives = try? certificate.extensions.subjectAlternativeNames
    return authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
      && alternatives.map { Set($0) == Set(names.map(\.general)) } ?? false
      && !Lifetimes.isDueForRenewal(from: certificate.notValidBefore, until: certificate.notValidAfter, now: now())
  }
}

extension IssuedCertificate {
  init(_ certificate: Certificate, _ key: P256.Signing.PublicKey, now: Date, encoded: Data?) {
    self.init(
      serial: Hexadecimal.text(certificate.serialNumber.bytes), key: key.hash, issued: now,
      expires: certificate.notValidAfter, encoded: encoded)
  }
}
