import Fluxion
import Foundation

/// A line of a server's log, as people read it.
struct LogLine: Equatable {
  var time: String
  var level: String
  var message: String
  var metadata: [String]

  /// nil for a line that is not of the log's form.
  init?(_ line: String) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(line.utf8)),
      case .string(let time)? = value["time"], case .string(let level)? = value["level"],
      case .string(let message)? = value["message"]
    else { return nil }
    (self.time, self.level, self.message) = (time, level, message)
    metadata = []
    if case .string(let label)? = value["label"] { metadata.append("from=\(label)") }
    if case .object(let members)? = value["metadata"] {
      metadata += members.map { member in
        if case .string(let text) = member.value { return "\(member.name)=\(ShellText.line([text]))" }
        return "\(member.name)=\(member.value.line)"
      }
    }
  }

  /// `2026-11-21 22:24:54.120Z  warning  update refused  kind=malformed party=north place=1 round=3`
  func text(_ style: TerminalStyle) -> String {
    let colour: TerminalStyle.Colour? =
      switch level {
      case "warning": .yellow
      case "error", "critical": .red
      default: nil
      }
    func shown(_ text: String) -> String { TerminalText.printable(text) }
    let levelText = shown(level).padding(toLength: 7, withPad: " ", startingAt: 0)
    return style.paint(shown(time.replacing("T", with: " ", maxReplacements: 1)), .faint) + "  "
      + style.paint(levelText, colour) + "  " + shown(message)
      + (metadata.isEmpty ? "" : "  " + style.paint(shown(metadata.joined(separator: " ")), .faint))
  }

  /// A line as people read it; one of another form as it is, without control characters.
  static func readable(_ line: String, _ style: TerminalStyle) -> String {
    LogLine(line)?.text(style) ?? TerminalText.printable(line)
  }
}
