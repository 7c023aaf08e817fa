package import ArgumentParser
import Fluxion

/// `fluxion compare`
package struct Compare: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Runs several configurations over the same parties and seeds, and writes one page about them.",
    discussion: """
      Compares the variants of a comparison file, several experiment files, or the algorithms of --algorithms; a flag \
      overrides the files. The output directory gets comparison.html, comparison.md with its charts, compare.json, and \
      a directory a run. The same command again goes on where an earlier one was interrupted.
      """)

  @Argument(
    help: ArgumentHelp("A YAML file with variants, or several files with settings.", valueName: "experiment.yaml"))
  var files: [String] = []

  @Option(help: ArgumentHelp("Compare these algorithms, names with commas between them.", valueName: "A,B"))
  var algorithms: String?

  @Option(
    help: ArgumentHelp(
      "Run everything with each of these seeds (default: those of the file, else its seed).", valueName: "S,T"))
  var seeds: String?

  @OptionGroup var flags: ExperimentFlags

  @Flag(help: "Print compare.json and nothing else.")
  var json = false

  @Flag(help: "Print the last line only.")
  var quiet = false

  package init() {}

  package func run() async throws {
    let narration = ComparisonNarration(style: json ? .json : quiet ? .quiet : .live)
    try await narration.run(comparison())
  }

  package func validate() throws {
    if json, quiet { throw ValidationError("--json and --quiet exclude each other; choose one") }
    if seeds != nil, flags.run.seed != nil {
      throw ValidationError("--seeds and --seed exclude each other; choose one")
    }
    if algorithms != nil, flags.learning.algorithm != nil {
      throw ValidationError("--algorithms and --algorithm exclude each other; choose one")
    }
    if algorithms != nil, files.count > 1 {
      throw ValidationError("--algorithms goes with one experiment file at most; without it, several are compared")
    }
    if algorithms == nil, files.isEmpty {
      throw ValidationError("there is nothing to compare; name experiment files, a comparison file, or --algorithms")
    }
  }

  private func comparison() throws -> Comparison {
    var given = Experiment()
    try flags.apply(to: &given)
    let seeds = try flags.run.seed != nil ? [given.seed] : givenSeeds
    var comparison: Comparison
    if let algorithms {
      comparison = try of(algorithms, seeds)
    } else if files.count == 1, try Comparison.isComparison(files[0]) {
      comparison = try Comparison(contentsOf: files[0])
      if let seeds { comparison.seeds = seeds }
    } else {
      comparison = try Comparison(experiments: files, seeds: seeds)
    }
    for index in comparison.variants.indices { try flags.apply(to: &comparison.variants[index].experiment) }
    if let output = given.output { comparison.output = output }
    return comparison
  }

  private func of(_ algorithms: String, _ seeds: [UInt64]?) throws -> Comparison {
    if let file = files.first, try Comparison.isComparison(file) {
      throw UsageError(message: "--algorithms goes with an experiment file, and \(file) has variants of its own")
    }
    let base = try files.first.map { try Experiment(contentsOf: $0) } ?? Experiment()
    do {
      return try Comparison(base: base, algorithms: algorithms, seeds: seeds)
    } catch let error as FluxionError {
      throw UsageError(message: "--algorithms: \(error.message)")
    }
  }

  private var givenSeeds: [UInt64]? {
    get throws {
      do {
        return try seeds.map { try Comparison.seeds($0) }
      } catch let error as FluxionError {
        throw UsageError(message: "--\(error.message)")
      }
    }
  }
}
