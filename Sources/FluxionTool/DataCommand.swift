import ArgumentParser
import FluxionCommand

/// `fluxion data`
struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Looks at data and how it is dealt out, and fetches public datasets.",
    subcommands: [DataInspect.self, DataFetch.self])
}
