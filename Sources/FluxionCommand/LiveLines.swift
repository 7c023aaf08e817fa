import Fluxion
import Synchronization

/// What stands on the terminal while an experiment runs: its heading, a line a round, and what is waited for.
struct LiveLines {
  private let style: TerminalStyle
  /// Of one run among several, whose rounds take each other's place.
  private let heading: String?
  private var progress = ProgressLine(rounds: nil, style: TerminalStyle(isTTY: false))
  private var rounds = 0
  private var isWaiting = false

  init(style: TerminalStyle, heading: String? = nil) {
    self.style = style
    self.heading = heading
  }

  mutating func text(_ event: Experiment.Event) -> String {
    switch event {
    case .began(let record, _):
      if case .integer(let number) = record.configuration["rounds"] { rounds = Int(clamping: number) }
      progress = ProgressLine(rounds: rounds, style: style, keepsLines: heading == nil)
      return (heading ?? RunNarration.heading(record)) + "\n" + wait(for: "round 1 of \(rounds) …")
    case .resumed(let resumption):
      let waiting = resumption.isFinished ? "" : wait(for: "round \(resumption.round + 1) of \(rounds) …")
      return clear() + RunNarration.sentences(resumption, of: rounds).map { $0 + "\n" }.joined() + waiting
    case .round(let round):
      let line = clear() + progress.finished(round)
      // A line that the cursor still stands on is the next round's to take over.
      return round.round < rounds && line.hasSuffix("\n")
        ? line + wait(for: "round \(round.round + 1) of \(rounds) …") : line
    case .trained(let record):
      let end = clear() + progress.end()
      guard let stop = record.stop, stop.reason != .rounds else { return end }
      return end + RunNarration.sentence(stop) + "\n"
    case .comparing: return wait(for: "training each party alone and all data pooled, to compare …")
    }
  }

  /// How many parties of the round have trained, in place of what is waited for.
  mutating func text(_ progress: RoundProgress) -> String {
    let text = self.progress.working(round: progress.round, done: progress.trained, of: progress.clients)
    if !text.isEmpty { isWaiting = true }
    return text
  }

  /// A sentence on a line of its own, above what is waited for.
  mutating func text(_ sentence: String) -> String { end() + sentence + "\n" }

  /// Takes away what is waited for, and ends a line that was not.
  mutating func end() -> String { clear() + progress.end() }

  private mutating func wait(for what: String) -> String {
    guard style.isTTY else { return "" }
    isWaiting = true
    return style.paint(TerminalText.cut(what, to: style.width - 1), .faint)
  }

  private mutating func clear() -> String {
    defer { isWaiting = false }
    return isWaiting ? "\r\u{1b}[2K" : ""
  }
}

/// Live lines that several threads write to standard output: the run its events, those that train how far they are.
final class SharedLiveLines: Sendable {
  private let lines: Mutex<LiveLines>

  init(style: TerminalStyle) { lines = Mutex(LiveLines(style: style)) }

  /// - Throws: when standard output takes nothing more.
  func write(_ text: (inout LiveLines) -> String) throws {
    try lines.withLock { try StandardOutput.write(text(&$0)) }
  }
}
