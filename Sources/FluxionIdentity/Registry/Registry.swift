import Crypto
import FluxionCalculus
import Foundation
import X509

/// Who may become a party, who is one, and who is one no longer: decisions without clock, file or randomness.
struct Registry: Sendable {
  struct Invitation: Sendable {
    enum State: Hashable, Sendable {
      case open
      /// With the certificate of this serial.
      case spent(String)
      /// Revoked, or replaced by a later one.
      case void
    }

    let party: PartyName
    let token: Hash
    let expires: Date
    var state = State.open
  }

  struct Holding: Sendable {
    let party: PartyName
    let certificate: IssuedCertificate
    var isRevoked = false

    func isLive(_ now: Date) -> Bool { !isRevoked && now < certificate.expires }
  }

  /// A party that renews over and over may hold so many certificates at once.
  static let liveCertificates = 8

  private(set) var invitations: [Invitation] = []
  /// In the order of issue.
  private(set) var holdings: [PartyName: [Holding]] = [:]
  private var party: [String: PartyName] = [:]
  private var owner: [Hash: PartyName] = [:]

  mutating func apply(_ event: RegistryEvent) {
    switch event {
    case .invited(let party, let token, _, let expires):
      close(invitationsOf: party)
      invitations.append(Invitation(party: party, token: token, expires: expires))
    case .enrolled(let party, let token, let certificate):
      for index in invitations.indices where invitations[index].token == token {
        invitations[index].state = .spent(certificate.serial)
      }
      hold(certificate, party)
    case .renewed(let party, let certificate): hold(certificate, party)
    case .revoked(let party, _):
      close(invitationsOf: party)
      for index in holdings[party]?.indices ?? 0..<0 { holdings[party]?[index].isRevoked = true }
    case .served: break
    }
  }

  private mutating func hold(_ certificate: IssuedCertificate, _ name: PartyName) {
    holdings[name, default: []].append(Holding(party: name, certificate: certificate))
    party[certificate.serial] = name
    owner[certificate.key] = name
  }

  private mutating func close(invitationsOf party: PartyName) {
    for index in invitations.indices where invitations[index].party == party && invitations[index].state == .open {
      invitations[index].state = .void
    }
  }

  func holding(_ serial: String) -> Holding? {
    party[serial].flatMap { holdings[$0] }?.first { $0.certificate.serial == serial }
  }
}

// MARK: - Decisions

extension Registry {
  /// What a request for a certificate comes to.
  enum Grant: Sendable {
    /// A certificate is to be made out.
    case certify(PartyName)
    /// There is one for this key already, and the client did not get it.
    case again(PartyName, Data)
  }

  /// - Throws: ``FluxionError/Code/invalidArgument`` if the party has a certificate that is good.
  func allowInvitation(of party: PartyName, now: Date) throws(FluxionError) {
    if let last = holdings[party]?.last(where: { $0.isLive(now) }) {
      throw FluxionError(
        .invalidArgument,
        "\(party) is a party already, until \(last.certificate.expires.formatted(.iso8601)); to let it join anew, "
          + "for instance because its key is lost, first: fluxion revoke \(party)")
    }
  }

  /// - Throws: ``FluxionError/Code/unauthorized``.
  func grantEnrollment(secret: [UInt8], _ request: SigningRequest, now: Date) throws(FluxionError) -> Grant {
    // Every invitation is looked at, and each for as long as any other.
    var found: Invitation?
    for invitation in invitations where invitation.token.isHash(of: secret) { found = invitation }
    guard let invitation = found else {
      throw FluxionError(.unauthorized, "this federation has not issued the join token; ask for another invitation")
    }
    switch invitation.state {
    case .void:
      throw FluxionError(.unauthorized, "the join token was withdrawn; ask for another invitation")
    case .spent(let serial):
      guard let holding = holding(serial), holding.certificate.key == request.key.hash,
        let encoded = holding.certificate.encoded
      else {
        throw FluxionError(
          .unauthorized, "the join token was used before; a token is good for one enrolment: ask for another invitation"
        )
      }
      guard holding.isLive(now) else {
        throw FluxionError(.unauthorized, "what the join token was used for is no longer good; ask for an invitation")
      }
      return .again(invitation.party, encoded)
    case .open:
      guard now < invitation.expires else {
        throw FluxionError(
          .unauthorized,
          "the join token was good until \(invitation.expires.formatted(.iso8601)); ask for another invitation")
      }
      try check(request, of: invitation.party)
      return .certify(invitation.party)
    }
  }

  /// - Parameter party: to which the caller's certificate belongs.
  /// - Throws: ``FluxionError/Code/unauthorized``.
  func grantRenewal(of party: PartyName, _ request: SigningRequest, now: Date) throws(FluxionError) -> Grant {
    let live = holdings[party]?.filter { $0.isLive(now) } ?? []
    if let encoded = live.last(where: { $0.certificate.key == request.key.hash })?.certificate,
      !Lifetimes.isDueForRenewal(from: encoded.issued, until: encoded.expires, now: now), let encoded = encoded.encoded
    {
      return .again(party, encoded)
    }
    try check(request, of: party)
    guard live.count < Self.liveCertificates else {
      throw FluxionError(
        .unauthorized, "\(party) has \(live.count) certificates that are good; it may renew when one has run out")
    }
    return .certify(party)
  }

  private func check(_ request: SigningRequest, of party: PartyName) throws(FluxionError) {
    guard request.fits(party) else {
      throw FluxionError(
        .unauthorized, "the invitation is bound to another name than the one that the signing request asks for")
    }
    let key = request.key.hash
    guard let owner = owner[key] else { return }
    guard owner == party else {
      throw FluxionError(.unauthorized, "the key of the signing request belongs to another party; make one of your own")
    }
    guard holdings[party]?.contains(where: { $0.certificate.key == key && $0.isRevoked }) == false else {
      throw FluxionError(.unauthorized, "the key of the signing request was revoked; make another")
    }
  }

  /// The party that a certificate stands for. That the authority signed it is for the handshake to find out; here it
  /// must also be on record, as it is, and still be good.
  ///
  /// - Throws: ``FluxionError/Code/unauthorized``.
  func party(presenting certificate: Certificate, now: Date) throws(FluxionError) -> PartyName {
    let serial = Hexadecimal.text(certificate.serialNumber.bytes)
    guard let holding = holding(serial), let key = P256.Signing.PublicKey(certificate.publicKey),
      key.hash == holding.certificate.key, certificate.subject == (try? DistinguishedName(holding.party)),
      certificate.notValidAfter == holding.certificate.expires, certificate.notValidBefore <= now
    else { throw Self.unknown }
    try check(serial, now: now)
    return holding.party
  }

  /// - Throws: ``FluxionError/Code/unauthorized`` for a certificate that is not on record, revoked or expired.
  func check(_ serial: String, now: Date) throws(FluxionError) {
    guard let holding = holding(serial) else { throw Self.unknown }
    guard !holding.isRevoked else {
      throw FluxionError(.unauthorized, "the certificate of \(holding.party) is revoked")
    }
    guard holding.isLive(now) else {
      throw FluxionError(
        .unauthorized,
        "the certificate of \(holding.party) was good until \(holding.certificate.expires.formatted(.iso8601)); "
          + "ask for an invitation")
    }
  }

  private static var unknown: FluxionError {
    FluxionError(.unauthorized, "the certificate is not on this federation's record")
  }
}
