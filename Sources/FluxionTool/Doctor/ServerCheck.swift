import Fluxion
import FluxionClient
import FluxionIdentity
import Foundation

/// A server elsewhere, as a party finds it.
struct ServerCheck {
  enum State {
    /// No connection, and why.
    case unreachable(String)
    /// A connection, and no identity to go on with.
    case reachable
    /// The server is the federation's, and knows the party.
    case known
    /// The server does not let the party in, or is not trusted.
    case refused(FluxionError)
  }

  var address: ServerAddress
  var state: State

  /// Connects, and shows who the party is.
  ///
  /// - Parameter folder: with the party's identity; nil if it has none.
  static func look(_ address: ServerAddress, folder: PartyFolder?) async -> ServerCheck {
    if let reason = PortProbe.failureToConnect(to: address) {
      return ServerCheck(address: address, state: .unreachable(reason))
    }
    guard let folder else { return ServerCheck(address: address, state: .reachable) }
    do {
      try await PartyEnrollment(host: address.host, port: address.port).check(folder)
      return ServerCheck(address: address, state: .known)
    } catch {
      let error = error as? FluxionError ?? FluxionError(.unavailable, "\(error)")
      return ServerCheck(address: address, state: .refused(error))
    }
  }

  var finding: Finding {
    switch state {
    case .known: return .ok("ports", "\(address) answers, is the federation's server, and knows this party")
    case .reachable: return .ok("ports", "\(address) answers")
    case .unreachable(let reason):
      return .problem(
        "ports", "\(address) cannot be reached: \(reason)",
        "see that the server runs and listens beyond its own machine (fluxion status, serve --host), and that no "
          + "firewall is in between")
    case .refused(let error) where error.code == .unauthorized:
      return .problem(
        "certificates", "\(address) does not let this party in: \(error.message)",
        "ask whoever runs the server for an invitation (fluxion invite), and join with its token")
    case .refused(let error) where error.code == .notFound:
      return .problem(
        "certificates", "\(address) answers, but no encrypted connection comes about: \(error.message)",
        "see that it is the right server, and that its certificate has the name by which it is reached "
          + "(serve --server-name \(address.host))")
    case .refused(let error):
      return .problem("versions", "\(address): \(error.message)", "use the same release on both sides")
    }
  }
}
