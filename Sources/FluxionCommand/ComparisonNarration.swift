import Fluxion
import Foundation

/// What the tool says while a comparison runs and when it has.
struct ComparisonNarration {
  var style: RunNarration.Style

  private var terminal: TerminalStyle { .current(descriptor: STDOUT_FILENO) }

  /// Runs a comparison to its end, or to Ctrl-C, which keeps the runs that are done.
  func run(_ comparison: Comparison) async throws {
    let note = InterruptionNote()
    let outcome = try await Signals.interrupting(note: { note.text }) {
      var place = ""
      var lines = LiveLines(style: terminal)
      do {
        let outcome = try await comparison.run(command: RunNarration.commandLine) { event in
          switch event {
          case .began(let record, let directory):
            place = directory.relativePath
            note.set(Self.interruption(done: 0, of: record.progress.of, in: place))
          case .finished(let run, _, _):
            note.set(Self.interruption(done: run.number, of: run.count, in: place))
          default: break
          }
          guard style == .live else { return }
          try StandardOutput.write(Self.text(event, &lines, style: terminal))
        }
        return outcome
      } catch {
        try? StandardOutput.write(lines.end())
        throw error
      }
    }
    let page = outcome.directory.appending(path: "comparison.html").relativePath
    switch style {
    case .live:
      try StandardOutput.write("\n\(outcome.record.table(style: terminal))\n")
      for diverged in outcome.record.diverged { try StandardOutput.line("diverged: \(diverged)") }
      try StandardOutput.line("\(Self.summary(outcome.record)); page: \(page)")
    case .quiet: try StandardOutput.line("\(Self.summary(outcome.record)); page: \(page)")
    case .json:
      try StandardOutput.write(
        String(contentsOf: outcome.directory.appending(path: "compare.json"), encoding: .utf8))
    }
  }

  private static func text(
    _ event: Comparison.Event, _ lines: inout LiveLines, style: TerminalStyle
  ) -> String {
    switch event {
    case .began(let record, let directory):
      return "\(record.variants.count) variants, seeds \(record.seeds.map(String.init).joined(separator: ", ")): "
        + "\(record.progress.of) runs over the same \(record.parties) parties; results go to "
        + "\(directory.relativePath)\n"
    case .run(let run):
      lines = LiveLines(style: style, heading: style.paint(heading(run), .bold))
      return ""
    case .experiment(let event): return lines.text(event)
    case .finished(let run, let result, let isNew):
      guard isNew else { return "\(heading(run)): done before, \(Self.result(result))\n" }
      return lines.end() + "  \(Self.result(result))\n"
    }
  }

  private static func heading(_ run: Comparison.Run) -> String {
    "run \(run.number) of \(run.count): \(TerminalText.printable(run.variant.title)), seed \(run.seed)"
  }

  private static func result(_ run: ComparisonRecord.Run) -> String {
    if run.isDiverged { return run.stop?.message ?? "diverged" }
    let last = run.rounds.last { $0.accuracy != nil || $0.loss != nil }
    return RunNarration.result(
      accuracy: last?.accuracy, loss: last?.loss, trainLoss: nil, rounds: run.rounds.last?.round ?? 0)
  }

  private static func summary(_ record: ComparisonRecord) -> String {
    let (runs, diverged) = (record.progress.done, record.diverged.count)
    return diverged == 0 ? "\(runs) runs" : "\(runs) runs, of which \(diverged) diverged"
  }

  private static func interruption(done: Int, of count: Int, in place: String) -> String {
    "interrupted; \(done) of \(count) runs are done and in \(place), and the same command goes on from there"
  }
}
