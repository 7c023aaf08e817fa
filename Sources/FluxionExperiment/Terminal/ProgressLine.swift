package import FluxionCoordination
import Foundation

/// How a run goes on, a line a round. On a terminal the line lives while the round does; elsewhere each finished round
/// is one plain line.
///
/// ```swift
/// var progress = ProgressLine(rounds: 20, style: .current(descriptor: 2))
/// write(progress.working(round: 1, done: 3, of: 10))  // as often as parties report
/// write(progress.finished(round))                     // at the end of each round
/// write(progress.end())                               // at the end of the run, however it ended
/// ```
package struct ProgressLine: Sendable {
  /// The number of rounds asked for; nil when the run goes on until it has converged.
  package let rounds: Int?
  package let style: TerminalStyle

  /// Each finished round keeps its line up to so many rounds; in longer runs a new one takes its place.
  static let maximumKeptLines = 50

  private var history: [Double] = []
  /// Whether the cursor stands behind a line that was not ended.
  private var isOpen = false

  /// Whether finished rounds may keep their lines at all.
  private let keepsLines: Bool

  package init(rounds: Int?, style: TerminalStyle, keepsLines: Bool = true) {
    self.rounds = rounds
    self.style = style
    self.keepsLines = keepsLines
  }

  /// The live line while parties work, for what comes next to overwrite; nothing where lines cannot be.
  package func working(round: Int, done: Int, of parties: Int) -> String {
    guard style.isTTY else { return "" }
    let fraction = Double(done) / Double(max(1, parties))
    let columns = min(24, max(0, style.width - 44))
    let bar = columns >= 8 ? "  " + style.paint(TerminalText.bar(fraction, columns: columns), .blue) : ""
    let words = TerminalText.cut("\(Figures.count(done)) of \(Figures.count(parties)) parties", to: style.width - 18)
    return Self.overwrite + fitted([(label(round), .bold), ("\(bar)  \(words)", nil)])
  }

  /// The line of a finished round.
  package mutating func finished(_ round: RoundRecord) -> String {
    if let value = round.testAccuracy ?? round.testLoss.map({ -$0 }) { history.append(value) }
    let notes = (round.notes ?? []).map { TerminalText.printable($0) + "\n" }.joined()
    guard style.isTTY else { return notes + plain(round) + "\n" }
    let keeps = keepsLines && rounds.map { $0 <= Self.maximumKeptLines } ?? false
    isOpen = !keeps
    return Self.overwrite + notes + live(round) + (keeps ? "\n" : "")
  }

  /// What ends an open line.
  package mutating func end() -> String {
    defer { isOpen = false }
    return isOpen ? "\n" : ""
  }

  private static let overwrite = "\r\u{1b}[2K"

  private func label(_ round: Int) -> String {
    guard let rounds else { return "round \(round)" }
    let digits = String(rounds).count
    let number = String(round)
    return "round " + String(repeating: " ", count: max(0, digits - number.count)) + "\(number)/\(rounds)"
  }

  /// As many of the parts, the most telling first, as the terminal has columns for.
  private func live(_ round: RoundRecord) -> String {
    var parts: [(String, TerminalStyle.Colour?)] = [(label(round.round), .faint)]
    if let accuracy = round.testAccuracy {
      parts.append(("  accuracy \(padded(Figures.percent(accuracy), 7))", .green))
    }
    if let loss = round.testLoss {
      parts.append(("  loss \(padded(Figures.loss(loss), 6))", nil))
    } else {
      parts.append(("  train loss \(padded(Figures.loss(round.trainLoss), 6))", nil))
    }
    for (name, value) in Self.tuned(round) { parts.append(("  \(name) \(padded(value, 7))", nil)) }
    parts.append(("  \(padded(Figures.seconds(round.seconds), 8))", nil))
    if let time = round.simulatedSeconds { parts.append(("  at \(padded(Figures.seconds(time), 8))", .faint)) }
    parts.append(
      ("  ↑\(padded(Figures.bytes(round.bytesUp), 7)) ↓\(padded(Figures.bytes(round.bytesDown), 7))", .faint))
    let used = parts.reduce(0) { $0 + TerminalText.width($1.0) }
    let columns = min(20, style.width - used - 3)
    if columns >= 5, history.count > 1 {
      parts.append(("  \(TerminalText.sparkline(history.suffix(columns)))", .blue))
    }
    return fitted(parts)
  }

  private func plain(_ round: RoundRecord) -> String {
    var parts = [label(round.round)]
    if let accuracy = round.testAccuracy { parts.append("accuracy \(Figures.percent(accuracy))") }
    if let loss = round.testLoss { parts.append("loss \(Figures.loss(loss))") }
    parts.append("train loss \(Figures.loss(round.trainLoss))")
    parts += Self.tuned(round).map { "\($0.name) \($0.value)" }
    parts.append(Figures.seconds(round.seconds))
    if let time = round.simulatedSeconds { parts.append("at \(Figures.seconds(time)) simulated") }
    parts.append("up \(Figures.bytes(round.bytesUp))")
    parts.append("down \(Figures.bytes(round.bytesDown))")
    return parts.joined(separator: "  ")
  }

  /// Tuned hyperparameters and their values.
  private static func tuned(_ round: RoundRecord) -> [(name: String, value: String)] {
    (round.tuning?.values ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, Figures.loss($0.value)) }
  }

  /// The parts before the first that there is no column for. The last column stays free: some terminals wrap there.
  private func fitted(_ parts: [(text: String, colour: TerminalStyle.Colour?)]) -> String {
    var result = ""
    var used = 0
    for part in parts {
      let width = TerminalText.width(part.text)
      guard used + width < style.width else { break }
      result += style.paint(part.text, part.colour)
      used += width
    }
    return result
  }

  private func padded(_ text: String, _ columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - TerminalText.width(text))) + text
  }
}
