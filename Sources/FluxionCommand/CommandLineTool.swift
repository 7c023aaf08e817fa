package import ArgumentParser
import Fluxion

/// A tool of the command line: parses, runs a subcommand, and ends with a status and one sentence if something is wrong.
package protocol CommandLineTool: AsyncParsableCommand {}

extension CommandLineTool {
  package static func main() async {
    Signals.ignoreClosedPipes()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      Ending.of(error, in: Self.self).exit()
    }
  }
}

/// The subcommands that need no network.
package enum LocalCommands {
  package static var all: [any ParsableCommand.Type] { [Simulate.self, Compare.self, Demo.self] }
  package static let abstract = "Trains one model over data that many parties keep to themselves."
  package static let version = RunRecord.Environment.fluxionVersion
}
