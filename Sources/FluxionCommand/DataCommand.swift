package import ArgumentParser

/// `fluxion data`
package struct DataCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Looks at data and how it is dealt out, and fetches public datasets.",
    subcommands: [DataInspect.self, DataFetch.self])

  package init() {}
}
