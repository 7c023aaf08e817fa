import ArgumentParser
import Fluxion
import FluxionCommand
import FluxionFetching

/// `fluxion data fetch`
struct DataFetch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Downloads a public dataset, each file checked by its SHA-256.",
    discussion: "Files that are there already and whole are not fetched again.")

  @Argument(help: ArgumentHelp("What to fetch: mnist.", valueName: "dataset"))
  var dataset: String

  @Option(
    name: .customLong("mirror"),
    help: ArgumentHelp("An address that has the files, instead of the known ones; may be repeated.", valueName: "URL"))
  var mirrors: [String] = []

  @Option(help: .setting("dataDir"))
  var dataDir: String?

  func run() async throws {
    let known = [RemoteDataset.mnist]
    guard let remote = known.first(where: { $0.name == dataset }) else {
      throw UsageError(message: "there is no dataset \"\(dataset)\" to fetch; there is mnist")
    }
    let directory = DataDirectory(dataDir).destination(of: remote.name)
    let fetcher = DatasetFetcher(remote, mirrors: mirrors.isEmpty ? nil : mirrors)
    try await Signals.interrupting(note: { "interrupted; files that are in \(directory) are whole" }) {
      try await fetcher.fetch(into: directory) { try? StandardOutput.line($0) }
    }
    try StandardOutput.line("\(remote.name) is in \(directory)")
  }
}
