package import ArgumentParser
import Fluxion
import Foundation

/// `fluxion demo`
package struct Demo: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Trains one model over ten parties on the bundled digits, and compares it with training alone and pooled."
  )

  @Option(name: [.short, .long], help: ArgumentHelp("The directory for what the run leaves.", valueName: "DIR"))
  var output = "runs/demo"

  @Option(help: .setting("seed")) var seed: String?
  @Option(help: .setting("threads")) var threads: String?

  package init() {}

  package func run() async throws {
    var experiment = Experiment.demo
    experiment.output = output
    try experiment.apply([("seed", seed), ("threads", threads)])
    let prepared = try experiment.prepared()
    try StandardOutput.line(
      "Ten parties hold handwritten digits that they do not share; each row is what one has of each digit:\n")
    try StandardOutput.write(
      PartitionTable(RunRecord.Partition(prepared.partition)).text(style: .current(descriptor: STDOUT_FILENO)))
    try StandardOutput.line("\nOnly models travel, to the parties and back:\n")
    try await RunNarration(style: .live).run(experiment)
  }
}

extension Experiment {
  /// The bundled digits, unevenly dealt out to ten parties; a small network.
  static var demo: Experiment {
    var demo = Experiment()
    demo.data = .digits
    demo.parties = 10
    demo.partition = .dirichlet(alpha: 0.3)
    demo.model = .cnn
    demo.rounds = 20
    demo.epochs = 4
    demo.batchSize = 8
    demo.learningRate = 0.1
    demo.baselines = true
    return demo
  }
}
