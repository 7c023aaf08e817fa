package import ArgumentParser
import Fluxion
import Foundation

/// `fluxion simulate`
package struct Simulate: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Trains one model over simulated parties.",
    discussion: """
      An experiment file has one "name: value" a line, with the names of the flags; a flag overrides the file. The \
      output directory gets run.json, metrics.csv, model.safetensors and report.html. With --state DIR a run that was \
      ended, also by kill -9, goes on when the same command is given again.
      """)

  @Argument(help: ArgumentHelp("A YAML file with settings.", valueName: "experiment.yaml"))
  var file: String?

  @OptionGroup var flags: ExperimentFlags

  @Option(
    help: ArgumentHelp(
      "Keep the run's state in DIR, and go on from what is there; outputs go there, too, unless --output is given.",
      valueName: "DIR"))
  var state: String?

  @Flag(help: "Print run.json and nothing else.")
  var json = false

  @Flag(help: "Print the last line only.")
  var quiet = false

  package init() {}

  package func run() async throws {
    var experiment = try file.map { try Experiment(contentsOf: $0) } ?? Experiment()
    try flags.apply(to: &experiment)
    let narration = RunNarration(style: json ? .json : quiet ? .quiet : .live)
    try await narration.run(experiment, state: state.map { URL(fileURLWithPath: $0, isDirectory: true) })
  }

  package func validate() throws {
    if state?.isEmpty == true { throw ValidationError("--state takes a directory; it was given none") }
    if json, quiet { throw ValidationError("--json and --quiet exclude each other; choose one") }
  }
}
