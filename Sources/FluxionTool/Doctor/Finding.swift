import Fluxion
import Foundation

/// One thing that `fluxion doctor` has looked at.
struct Finding: Equatable {
  enum Level: String, CaseIterable {
    case ok
    /// Something that may become a problem.
    case warning
    /// Something that keeps a server or a party from working.
    case problem
  }

  /// `ports`, `certificates`, `clock`, `disk`, `data` or `versions`.
  var subject: String
  var level: Level
  /// How it is.
  var what: String
  /// What to do about it.
  var advice: String?

  static func ok(_ subject: String, _ what: String) -> Finding { Finding(subject: subject, level: .ok, what: what) }

  static func warning(_ subject: String, _ what: String, _ advice: String) -> Finding {
    Finding(subject: subject, level: .warning, what: what, advice: advice)
  }

  static func problem(_ subject: String, _ what: String, _ advice: String) -> Finding {
    Finding(subject: subject, level: .problem, what: what, advice: advice)
  }

  /// Of something that could not be looked at.
  static func problem(_ subject: String, _ error: any Error, _ advice: String) -> Finding {
    problem(subject, (error as? FluxionError)?.message ?? "\(error)", advice)
  }
}

extension [Finding] {
  func count(_ level: Finding.Level) -> Int { count { $0.level == level } }

  func text(_ style: TerminalStyle) -> String {
    func padded(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
    let width = (map(\.subject.count).max() ?? 0) + 2
    let lines = map { finding in
      let colour: TerminalStyle.Colour =
        switch finding.level {
        case .ok: .green
        case .warning: .yellow
        case .problem: .red
        }
      let line =
        style.paint(padded(finding.level.rawValue, 9), colour) + padded(finding.subject, width)
        + TerminalText.printable(finding.what)
      guard let advice = finding.advice else { return line }
      return line + "\n" + padded("", 9 + width) + "→ " + TerminalText.printable(advice)
    }
    return (lines + [verdict]).joined(separator: "\n") + "\n"
  }

  /// `2 problems, 1 warning`
  var verdict: String {
    let counts = [(Finding.Level.problem, "problem"), (.warning, "warning")].compactMap { level, word in
      let count = count(level)
      return count == 0 ? nil : "\(count) \(word)\(count == 1 ? "" : "s")"
    }
    return counts.isEmpty ? "nothing is wrong" : counts.joined(separator: ", ")
  }

  var json: JSONValue {
    [
      "isWell": .bool(count(.problem) == 0),
      "findings": .array(
        map { finding in
          [
            "subject": .string(finding.subject), "level": .string(finding.level.rawValue),
            "what": .string(finding.what),
            "advice": JSONValue(finding.advice),
          ]
        }),
    ]
  }
}
