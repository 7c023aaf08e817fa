import ArgumentParser
import FluxionCommand

/// `fluxion-local data`
struct LocalDataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Looks at data and how it is dealt out.", subcommands: [DataInspect.self])
}
