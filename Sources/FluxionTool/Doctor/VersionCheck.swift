import Fluxion
import FluxionWire
import Foundation

/// What this build speaks and reads, and whether a folder is of that kind.
enum VersionCheck {
  static var build: Finding {
    .ok(
      "versions",
      "fluxion \(RunRecord.Environment.fluxionVersion), protocol \(WireLimits.protocolVersion), programs "
        + "\(Program.formatVersion), journal \(StoreFacts.currentVersion), run.json \(RunRecord.currentFormat)")
  }

  /// Of a run's journal; nil where there is none.
  static func journal(in state: URL) -> Finding? {
    do { return try StoreFacts(of: state).map { journal($0, in: state) } } catch {
      return .problem(
        "versions", error, "put a copy of the folder in its place (docs/operations.md), or begin anew in another one")
    }
  }

  static func journal(_ facts: StoreFacts, in state: URL) -> Finding {
    guard facts.version == StoreFacts.currentVersion else {
      return .problem(
        "versions",
        "the journal in \(state.relativePath) has version \(facts.version), and this build reads version "
          + "\(StoreFacts.currentVersion)", "use the release that wrote it")
    }
    return .ok(
      "versions",
      "the journal has version \(facts.version) and \(facts.rounds == 1 ? "1 round" : "\(facts.rounds) rounds")"
        + (facts.isFinished ? " of a run that is finished" : ""))
  }
}
