import FluxionCoordination
import FluxionExperiment
import Foundation

// How things stand, in words.
extension FederationStatus {
  package func name(of party: Int) -> String {
    parties.indices.contains(party) ? parties[party].name : "party \(party)"
  }

  /// The run in a line.
  package var headline: String {
    switch state.phase {
    case .waiting: return "Waiting for parties"
    case .training, .settling: return "Round \(state.round) of \(run.rounds)"
    case .finished:
      guard let last = rounds.last else { return "Finished" }
      let rounds = "after \(last.round == 1 ? "1 round" : "\(Figures.count(last.round)) rounds")"
      if let accuracy = latest(\.accuracy) { return "\(Figures.percent(accuracy)) accuracy \(rounds)" }
      if let loss = latest(\.loss) ?? latest(\.trainLoss) { return "Loss \(Figures.loss(loss)) \(rounds)" }
      return "Finished \(rounds)"
    case .stopped: return state.round > 0 ? "Stopped in round \(state.round)" : "Stopped"
    }
  }

  /// What goes on and who is awaited, in a sentence or two.
  package var sentence: String {
    let words: String
    switch state.phase {
    case .waiting where state.awaitedCount == 0: words = "Everybody is here; the first round is about to begin."
    case .waiting:
      let here = parties.count - state.awaitedCount
      words =
        "\(here) of \(counted(parties.count, "party", "parties")) \(here == 1 ? "is" : "are") here; waiting for "
        + "\(awaited) to join."
    case .training:
      words =
        "\(state.accepted) of \(counted(state.cohort, "update", "updates")) \(state.accepted == 1 ? "is" : "are") "
        + "in; waiting for \(awaited)."
    case .settling: words = "Nobody is awaited: the round’s updates are brought together."
    case .finished, .stopped: words = ""
    }
    return [words, state.note ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// Those who are awaited, at most three by name.
  private var awaited: String {
    let named = state.awaited.prefix(state.awaitedCount == 4 ? 4 : 3).map { name(of: $0) }
    let others = state.awaitedCount - named.count
    if named.isEmpty { return counted(others, "party", "parties") }
    if others > 0 { return named.joined(separator: ", ") + " and \(Figures.count(others)) others" }
    guard let last = named.last, named.count > 1 else { return named.joined() }
    return named.dropLast().joined(separator: ", ") + " and " + last
  }

  /// The latest of a figure that not every round has.
  package func latest<Value>(_ figure: (Round) -> Value?) -> Value? {
    rounds.last { figure($0) != nil }.flatMap(figure)
  }

  /// At most so many parties; of more, those about whom there is something to know come first.
  package func parties(atMost count: Int) -> [Party] {
    guard parties.count > count else { return parties }
    let order = Party.Health.allCases
    let sorted = parties.sorted { a, b in
      (order.firstIndex(of: a.health) ?? 0, a.party) < (order.firstIndex(of: b.health) ?? 0, b.party)
    }
    return Array(sorted.prefix(count))
  }

  private func counted(_ count: Int, _ one: String, _ many: String) -> String {
    "\(Figures.count(count)) \(count == 1 ? one : many)"
  }
}

extension FederationStatus.Party {
  /// How a party is, in a word; pages and scripts show it beside a mark.
  package enum Health: String, CaseIterable {
    case quarantined
    case absent
    case refused
    case working
    case ready

    package var word: String {
      switch self {
      case .quarantined: "quarantined"
      case .absent: "not connected"
      case .refused: "last update refused"
      case .working: "at work"
      case .ready: "ready"
      }
    }
  }

  package var health: Health {
    if quarantine != nil { return .quarantined }
    if !isConnected { return .absent }
    if let lastRefusal, lastRefusal.round >= (lastRound ?? 0), lastRefusal.round > 0 { return .refused }
    return isAwaited ? .working : .ready
  }
}

extension StopReason {
  func sentence(_ name: (Int) -> String) -> String {
    switch self {
    case .completed: "All rounds are done."
    case .targetReached(let accuracy): "The target accuracy is reached: \(Figures.percent(accuracy))."
    case .noImprovement(let evaluations):
      "The loss did not become better in \(evaluations == 1 ? "1 evaluation" : "\(evaluations) evaluations in a row")."
    case .requested: "Somebody stopped the run."
    case .quorumMissed(let round): "Too few updates came, in round \(round) for the last time."
    case .clientFailed(let round, let client, let failure):
      "\(name(client)) had no update in round \(round): \(failure.reason)"
    }
  }
}
