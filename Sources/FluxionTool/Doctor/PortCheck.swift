import Fluxion
import Foundation

/// A port of a server on this machine.
struct PortCheck {
  enum State: Equatable {
    /// A server uses the folder, and somebody answers at the port.
    case answers
    /// A server uses the folder, and nobody answers.
    case silent(String)
    /// No server uses the folder, and the port can be had.
    case free
    /// No server uses the folder, and the port cannot be had.
    case failure(Int32)
  }

  /// `parties join` or `the page is`.
  var purpose: String
  var flag: String
  var address: ServerAddress
  var state: State

  init(_ purpose: String, flag: String, _ address: ServerAddress, _ state: State) {
    (self.purpose, self.flag, self.address, self.state) = (purpose, flag, address, state)
  }

  /// Looks.
  init(_ purpose: String, flag: String, _ address: ServerAddress, isRunning: Bool) {
    var near = address
    if near.host == "0.0.0.0" { near.host = "127.0.0.1" }
    if near.host == "::" { near.host = "::1" }
    self.init(
      purpose, flag: flag, address,
      isRunning
        ? PortProbe.failureToConnect(to: near).map(State.silent) ?? .answers
        : PortProbe.failureToListen(on: address).map(State.failure) ?? .free)
  }

  var finding: Finding {
    let place = "\(address), where \(purpose),"
    switch state {
    case .answers: return .ok("ports", "\(place) answers: this server's")
    case .free: return .ok("ports", "\(place) is free")
    case .silent(let reason):
      return .problem(
        "ports", "\(place) does not answer, though the server runs: \(reason)",
        "fluxion logs says what it does; fluxion stop and fluxion resume start it again")
    case .failure(EADDRINUSE):
      return .problem(
        "ports", "\(place) is taken by another process",
        "end that process (ss -ltnp 'sport = :\(address.port)' names it), or serve with \(flag)")
    case .failure(EADDRNOTAVAIL):
      return .problem(
        "ports", "\(place) cannot be had: this machine has no address \(address.host)",
        "serve with --host and an address of this machine, or 0.0.0.0 for all")
    case .failure(EACCES):
      return .problem(
        "ports", "\(place) cannot be had: ports below 1024 are not for everybody", "serve with \(flag) above 1023")
    case .failure(let error):
      return .problem(
        "ports", "\(place) cannot be had: \(String(cString: strerror(error)))", "serve with another \(flag)")
    }
  }
}
