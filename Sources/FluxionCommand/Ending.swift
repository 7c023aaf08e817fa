import ArgumentParser
import Fluxion
import Foundation

/// How the process ends: what it says last, where, and its status.
struct Ending {
  var status: Int32
  var output = ""
  var complaint = ""

  /// What an error that reached the top means: help and version go to standard output, everything else is one sentence
  /// on standard error.
  static func of(_ error: any Error, in tool: any ParsableCommand.Type) -> Ending {
    if let error = error as? FluxionError { return Ending(status: 1, complaint: sentence(error)) }
    if let error = error as? UsageError {
      return Ending(status: ExitCode.validationFailure.rawValue, complaint: error.message)
    }
    // As of a process that the closed pipe had ended: 128 + SIGPIPE.
    if error is ClosedPipe { return Ending(status: 128 + SIGPIPE) }
    if let interruption = error as? Interruption {
      return Ending(status: 128 + interruption.signal, complaint: interruption.message)
    }
    let status = tool.exitCode(for: error)
    if status.isSuccess { return Ending(status: 0, output: tool.fullMessage(for: error)) }
    if error is ExitCode { return Ending(status: status.rawValue) }
    return Ending(status: status.rawValue, complaint: usage(tool.message(for: error)))
  }

  /// The parser's message as one sentence, with the nearest name among all there are.
  private static func usage(_ message: String) -> String {
    let quoted = message.split(separator: "'", omittingEmptySubsequences: false)
    guard quoted.count >= 2 else { return message.prefix(1).lowercased() + message.dropFirst() }
    let name = String(quoted[1])
    let (what, known): (String, [String])
    switch true {
    case message.hasPrefix("Unknown option"):
      (what, known) = ("option", (Experiment.settings.map(\.flag) + ownFlags).map { "--\($0)" })
    case message.hasPrefix("Unexpected argument"):
      (what, known) = (
        "command or argument",
        [
          "simulate", "compare", "demo", "data", "inspect", "fetch", "serve", "join", "invite", "revoke", "parties",
          "status", "stop", "resume", "logs", "doctor",
          "help",
        ]
      )
    default: return message.prefix(1).lowercased() + message.dropFirst()
    }
    // Of equally near names the first wins: those that begin and end alike.
    let alike = known.sorted { likeness($0, name) > likeness($1, name) }
    let hint = nearest(name, among: alike).map { "did you mean \($0)?" } ?? "see --help"
    return "there is no \(what) \(name) here; \(hint)"
  }

  /// Letters at the beginning and the end that two names share.
  private static func likeness(_ a: String, _ b: String) -> Int {
    a.commonPrefix(with: b).count + String(a.reversed()).commonPrefix(with: String(b.reversed())).count
  }

  /// Flags that are no settings of an experiment.
  private static let ownFlags = [
    "algorithms", "seeds", "state", "json", "quiet", "svg", "mirror", "version", "help", "host", "port", "deadline",
    "quorum", "maximum-norm", "party", "name", "expires", "server", "server-name", "page-port", "no-page", "plaintext",
    "token", "retry", "lines", "follow",
  ]

  private static func sentence(_ error: FluxionError) -> String {
    guard let cause = error.cause as? NSError, let reason = cause.userInfo[NSUnderlyingErrorKey] as? NSError else {
      return error.cause == nil
        ? error.message : "\(error.message) (\(error.cause.map { ($0 as NSError).localizedDescription } ?? ""))"
    }
    return "\(error.message) (\(reason.localizedDescription))"
  }

  func exit() -> Never {
    if !output.isEmpty { try? StandardOutput.write(output + "\n") }
    if !complaint.isEmpty { StandardError.write("fluxion: \(Self.oneLine(complaint))\n") }
    Foundation.exit(status)
  }

  /// Line breaks and other control characters of paths and causes have no place in a sentence.
  private static func oneLine(_ text: String) -> String {
    String(text.unicodeScalars.prefix(2000).map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
  }
}

/// A flag or argument that cannot be.
package struct UsageError: Error {
  package var message: String

  package init(message: String) { self.message = message }
}
