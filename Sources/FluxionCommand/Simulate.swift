import ArgumentParser
import Fluxion
import Foundation

/// `fluxion simulate`
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Trains one model over simulated parties.",
    discussion: """
      An experiment file has one "name: value" a line, with the names of the flags; a flag overrides the file. The \
      output directory gets run.json, metrics.csv, model.safetensors and report.html.
      """)

  @Argument(help: ArgumentHelp("A YAML file with settings.", valueName: "experiment.yaml"))
  var file: String?

  @OptionGroup var flags: ExperimentFlags

  @Flag(help: "Print run.json and nothing else.")
  var json = false

  @Flag(help: "Print the last line only.")
  var quiet = false

  func run() async throws {
    var experiment = try file.map { try Experiment(contentsOf: $0) } ?? Experiment()
    try flags.apply(to: &experiment)
    let narration = RunNarration(style: json ? .json : quiet ? .quiet : .live)
    try await narration.run(experiment)
  }

  func validate() throws {
    if json, quiet { throw ValidationError("--json and --quiet exclude each other; choose one") }
  }
}
