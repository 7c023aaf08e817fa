package import Fluxion
import Foundation

/// Where an experiment tells what happens while it runs.
package struct RunReporting: Sendable {
  let lines: SharedLiveLines
  let note: InterruptionNote
  /// Whether anything is shown before the end.
  let shows: Bool
  let isTerminal: Bool
  /// What goes on after an interruption, in a clause; nil if nothing does.
  let goingOn: String?

  /// The command line of this process, for the record.
  package var command: String { RunNarration.commandLine }

  /// What to call while the parties of a round train; nil where there is no place for it.
  package var progress: (@Sendable (RoundProgress) -> Void)? {
    guard shows, isTerminal else { return nil }
    // A line that cannot be written is noticed with the next event.
    return { [lines] round in try? lines.write { $0.text(round) } }
  }

  /// - Throws: when standard output takes nothing more.
  package func tell(_ event: Experiment.Event) throws {
    if case .began(_, let directory) = event {
      note.set(
        "interrupted; every finished round is in \(directory.relativePath)"
          + (goingOn.map { ", and \($0)" } ?? ""))
    }
    if shows { try lines.write { $0.text(event) } }
  }

  /// A line between those of the rounds.
  ///
  /// - Throws: when standard output takes nothing more.
  package func say(_ sentence: String) throws {
    if shows { try lines.write { $0.text(TerminalText.printable(sentence)) } }
  }
}
