import ArgumentParser
import Fluxion
import FluxionCommand
import Foundation

/// `fluxion logs`
struct Logs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Prints what a server has logged.",
    discussion: """
      The log is server/server.log in the state folder, a line of JSON an event; at 10 MB it is moved aside as \
      server.log.1, in the place of the one before.
      """)

  @OptionGroup var folder: ServerState

  @Option(name: [.customShort("n"), .long], help: ArgumentHelp("Print the last N lines.", valueName: "N"))
  var lines = 100

  @Flag(name: [.short, .long], help: "Go on with what is logged from now on, until Ctrl-C.")
  var follow = false

  @Flag(help: "Print the lines of JSON as they are.")
  var json = false

  func run() async throws {
    var reader = LogReader(try ServerFolder(folder.url).log)
    let style = TerminalStyle.current(descriptor: STDOUT_FILENO)
    func show(_ lines: [String]) throws {
      for line in lines { try StandardOutput.line(json ? line : LogLine.readable(line, style)) }
    }
    try show(try reader.last(lines))
    while follow {
      try await Task.sleep(for: .milliseconds(200))
      try show(reader.more())
    }
  }

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("--lines is 0 or more, not \(lines)") }
  }
}
