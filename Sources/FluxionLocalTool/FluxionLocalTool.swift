import ArgumentParser
import FluxionCommand

/// The command line tool without `serve` and `join`, which builds without the network's libraries.
@main
struct FluxionLocalTool: CommandLineTool {
  static let configuration = CommandConfiguration(
    commandName: "fluxion-local", abstract: LocalCommands.abstract, version: LocalCommands.version,
    subcommands: LocalCommands.all + [LocalDataCommand.self])
}
