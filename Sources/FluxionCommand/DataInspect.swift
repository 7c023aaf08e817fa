import ArgumentParser
import Fluxion
import Foundation

/// `fluxion data inspect`
struct DataInspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows how data is dealt out: samples and labels a party.")

  @Argument(help: ArgumentHelp("A YAML file with settings.", valueName: "experiment.yaml"))
  var file: String?

  @OptionGroup(title: "Data") var data: DataFlags

  @Option(help: .setting("seed")) var seed: String?

  @Option(help: ArgumentHelp("Write the label histograms as a picture.", valueName: "FILE"))
  var svg: String?

  func run() async throws {
    var experiment = try file.map { try Experiment(contentsOf: $0) } ?? Experiment()
    try experiment.apply(data.given + [("seed", seed)])
    let dealt = try experiment.dealt()
    try StandardOutput.write(dealt.summary(width: Terminal.width))
    if let svg {
      try dealt.writePicture(to: svg)
      try StandardOutput.line("The picture is in \(svg)")
    }
  }
}
