package import Foundation

/// What a party may do, for a list.
package struct PartyStanding: Hashable, Sendable {
  package enum State: String, Hashable, Sendable {
    /// It has a token that it has not used.
    case invited
    /// Its token ran out unused.
    case invitationExpired = "invitation-expired"
    /// It has a certificate.
    case enrolled
    /// Its last certificate has run out.
    case expired
    case revoked
  }

  package let name: PartyName
  package let state: State
  /// Until when the token or the certificate is or was good; nil if revoked.
  package let expires: Date?
  /// Hexadecimal, of the certificates that are good.
  package let serials: [String]
}

extension Registry {
  /// Every name that was ever invited, in alphabetical order.
  func standings(now: Date) -> [PartyStanding] {
    Set(invitations.map(\.party)).sorted { $0.description < $1.description }.map { party in
      let holdings = holdings[party] ?? []
      let live = holdings.filter { $0.isLive(now) }
      let invitation = invitations.last { $0.party == party }
      let state: PartyStanding.State
      var expires: Date?
      if !live.isEmpty {
        (state, expires) = (.enrolled, live.map(\.certificate.expires).max())
      } else if let invitation, invitation.state == .open {
        (state, expires) = (now < invitation.expires ? .invited : .invitationExpired, invitation.expires)
      } else if let last = holdings.last, !last.isRevoked {
        (state, expires) = (.expired, last.certificate.expires)
      } else {
        state = .revoked
      }
      return PartyStanding(name: party, state: state, expires: expires, serials: live.map(\.certificate.serial))
    }
  }
}
