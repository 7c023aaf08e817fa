import Fluxion
import FluxionClient
import FluxionCommand
import Synchronization

/// What `fluxion join` says: who joins, a line a round, and whatever is in the way.
final class JoinNarration: Sendable {
  private let server: ServerAddress
  private let client: FederatedClient
  private let isQuiet: Bool
  private let state = Mutex(State())

  private struct State {
    /// Of the round at hand.
    var loss: Double?
    var accepted = 0
    var hasJoined = false
  }

  init(server: ServerAddress, client: FederatedClient, isQuiet: Bool) {
    self.server = server
    self.client = client
    self.isQuiet = isQuiet
  }

  func begin() throws {
    let (name, count) = (TerminalText.printable(client.configuration.name), client.data.count)
    try say(
      "\(name) holds \(Figures.count(count)) samples of \(TerminalText.printable(client.data.name)), and joins \(server)"
    )
  }

  /// - Throws: when standard output takes nothing more.
  func tell(_ progress: ClientProgress) throws {
    if case .finished(let reason) = progress {
      let accepted = state.withLock { $0.accepted }
      return try StandardOutput.line(
        "\(TerminalText.printable(reason)); \(accepted) update\(accepted == 1 ? "" : "s") of this party counted")
    }
    if let line = state.withLock({ Self.line(progress, &$0) }) { try say(TerminalText.printable(line)) }
  }

  private func say(_ line: String) throws { if !isQuiet { try StandardOutput.line(line) } }

  private static func line(_ progress: ClientProgress, _ state: inout State) -> String? {
    switch progress {
    case .joined(_, let client):
      defer { state.hasJoined = true }
      return state.hasJoined ? "back with the server" : "joined as party \(client); waiting for the server's rounds"
    case .training, .finished: return nil
    case .paused(let reason): return "paused: \(reason)"
    case .resumed: return "going on"
    case .trained(_, let loss):
      state.loss = loss
      return nil
    case .failed(let round, let reason): return "round \(round): no update: \(reason)"
    case .answered(let round, let answer):
      let loss = state.loss.map { "train loss \(Figures.loss($0))" } ?? "done"
      state.loss = nil
      switch answer {
      case .accepted:
        state.accepted += 1
        return "round \(round): \(loss), accepted"
      case .noted: return nil
      case .late: return "round \(round): \(loss), too late to count"
      case .refused(let reason): return "round \(round): refused: \(reason)"
      }
    case .disconnected(let reason, let wait):
      let seconds = (wait / .milliseconds(100)).rounded(.up) / 10
      return "\(state.hasJoined ? "lost the server" : "no server yet"): \(reason); trying again in \(seconds) s"
    }
  }
}
