import ArgumentParser
import Fluxion

/// The command line tool.
@main
struct FluxionTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fluxion",
    abstract: "Trains one model over data that many parties keep to themselves.",
    version: RunRecord.Environment.fluxionVersion,
    subcommands: [Simulate.self, Compare.self, Demo.self, DataCommand.self])

  static func main() async {
    Signals.ignoreClosedPipes()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      Ending.of(error).exit()
    }
  }
}
