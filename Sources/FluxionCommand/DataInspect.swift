package import ArgumentParser
import Fluxion
import Foundation

/// `fluxion data inspect`
package struct DataInspect: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows how data is dealt out: samples and labels a party.")

  @Argument(help: ArgumentHelp("A YAML file with settings.", valueName: "experiment.yaml"))
  var file: String?

  @OptionGroup(title: "Data") var data: DataFlags

  @Option(help: .setting("seed")) var seed: String?

  @Option(help: ArgumentHelp("Write the label histograms as a picture, too.", valueName: "FILE"))
  var svg: String?

  package init() {}

  package func run() async throws {
    var experiment = try file.map { try Experiment(contentsOf: $0) } ?? Experiment()
    try experiment.apply(data.given + [("seed", seed)])
    let prepared = try experiment.prepared()
    let record = RunRecord.Partition(prepared.partition)
    try StandardOutput.line(
      "\(prepared.experiment.data), \(prepared.experiment.partition ?? .iid), seed \(prepared.experiment.seed)")
    try StandardOutput.write(
      PartitionTable(record).text(style: .current(descriptor: STDOUT_FILENO)))
    if let tests = record.testSamples { try StandardOutput.line("for testing: \(tests) samples") }
    guard let svg else { return }
    do {
      try Data(record.picture.utf8).write(to: URL(fileURLWithPath: svg), options: .atomic)
    } catch {
      throw FluxionError(.cannotWrite, "the picture \(svg) cannot be written; check its path and permissions")
    }
    try StandardOutput.line("the label histograms are in \(svg)")
  }
}
