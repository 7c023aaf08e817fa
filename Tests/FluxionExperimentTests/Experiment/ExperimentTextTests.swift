import FluxionCalculus
import FluxionData
import FluxionFederation
import Foundation
import Testing

@testable import FluxionExperiment

@Suite("The text of an experiment")
struct ExperimentTextTests {
  @Test("YAML, single settings and Swift make equal values")
  func threeForms() throws {
    var inSwift = Experiment()
    inSwift.data = .csv("heart.csv")
    inSwift.labelColumn = "disease"
    inSwift.partition = .dirichlet(alpha: 0.5)
    inSwift.model = .mlp([200, 100])
    inSwift.optimizer = .adamsBashforth
    inSwift.learningRate = 0.25
    inSwift.batchSize = nil
    inSwift.cohort = .fraction(0.5)
    inSwift.seed = .max
    inSwift.baselines = true
    let yaml = """
      # A comment
      data: csv:heart.csv
      label-column: disease
      partition: dirichlet:0.5
      model: mlp:200,100
      optimizer: adams-bashforth
      learningRate: 0.25
      batch-size: full
      cohort: 0.5
      seed: 18446744073709551615
      baselines: true
      """
    #expect(try Experiment(yaml: yaml) == inSwift)
    var fromFlags = Experiment()
    for (name, text) in [
      ("data", "csv:heart.csv"), ("label-column", "disease"), ("partition", "dirichlet:0.5"), ("model", "mlp:200,100"),
      ("optimizer", "adams-bashforth"), ("learning-rate", "0.25"), ("batch-size", "full"), ("cohort", "0.5"),
      ("seed", "18446744073709551615"), ("baselines", "true"),
    ] {
      try fromFlags.set(name, to: text)
    }
    #expect(fromFlags == inSwift)
    #expect(try Experiment(yaml: inSwift.yaml) == inSwift)
    let json = try JSONEncoder().encode(inSwift)
    #expect(try JSONDecoder().decode(Experiment.self, from: json) == inSwift)
  }

  @Test("has a command line that a shell reads as the same experiment, with what differs from the defaults")
  func command() throws {
    #expect(Experiment().command == "fluxion simulate")
    let experiment = try Experiment(
      yaml: "data: 'csv:my heart.csv'\nbatchSize: full\nbaselines: true\nseed: 3\noutput: out\nlearningRate: 0.5")
    #expect(
      experiment.command
        == "fluxion simulate --data 'csv:my heart.csv' --batch-size full --learning-rate 0.5 --baselines --seed 3")
  }

  @Test("an empty file is the default experiment", arguments: ["", "# nothing\n", "---\n"])
  func empty(yaml: String) throws { #expect(try Experiment(yaml: yaml) == Experiment()) }

  @Test("a file that says something wrong is refused in one sentence", arguments: badFiles)
  func refusal(yaml: String, sentence: String) {
    let error = #expect(throws: FluxionError.self) { try Experiment(yaml: yaml, name: "e.yaml") }
    #expect(error?.message == sentence)
    #expect(error?.code == .invalidConfiguration)
  }

  static let badFiles: [(String, String)] = [
    (
      "rounds: 3\nbatchsize: 3",
      "there is no setting \"batchsize\" (line 2 of e.yaml); did you mean \"batch-size\"?"
    ),
    ("lerning-rate: 1", "there is no setting \"lerning-rate\" (line 1 of e.yaml); did you mean \"learning-rate\"?"),
    ("\nrounds: many", "rounds takes a whole number of at least 1; it was given \"many\" (line 2 of e.yaml)"),
    ("rounds: 0", "rounds takes a whole number of at least 1; it was given \"0\" (line 1 of e.yaml)"),
    ("rounds: 2.5", "rounds takes a whole number of at least 1; it was given \"2.5\" (line 1 of e.yaml)"),
    ("parties: 0", "parties takes a whole number of at least 1; it was given \"0\" (line 1 of e.yaml)"),
    ("learningRate: .nan", "learning-rate takes a number above 0; it was given \".nan\" (line 1 of e.yaml)"),
    (
      "cohort: 1.5",
      "cohort takes a number of parties, a fraction between 0 and 1, or all; it was given \"1.5\" (line 1 of e.yaml)"
    ),
    ("rounds: [1, 2]", "\"rounds\" (line 1 of e.yaml) takes one value, not a list or a mapping"),
    ("- rounds", "e.yaml holds no settings; write one \"name: value\" a line"),
    ("rounds: 1\nrounds: 2", "e.yaml is no YAML: line 1: \"rounds\" is set twice"),
    ("batch-size: 1\nbatchSize: 2", "line 2 of e.yaml sets \"batchSize\" a second time; once is enough"),
    (
      "algorithm: fedavgg",
      "algorithm takes one of fedavg, fedsgd, differentiable-averaging, fedbuff; it was given \"fedavgg\"; did you mean \"fedavg\"? (line 1 of e.yaml)"
    ),
    (
      "tune: momentum,learning-rat",
      "tune takes one or more of learning-rate, weight-decay, momentum, proximal, server-learning-rate, with commas "
        + "between; it was given \"momentum,learning-rat\"; did you mean \"learning-rate\"? (line 1 of e.yaml)"
    ),
    ("tune: momentum,momentum", "tune was given momentum twice (line 1 of e.yaml)"),
    (
      "model: cn",
      "there is no model \"cn\"; did you mean \"cnn\"? use one of linear | logistic | mlp:200,200 | cnn (line 1 of e.yaml)"
    ),
    ("model: mlp:0", "model \"mlp:0\" needs the widths of its hidden layers, as in \"mlp:200,200\" (line 1 of e.yaml)"),
  ]

  @Test("an aggregator has a text form", arguments: ["mean", "median", "trimmed-mean:0.2", "geometric-median"])
  func aggregator(text: String) throws {
    #expect(try AggregatorChoice(parsing: text).description == text)
    let rule = try AggregatorChoice(parsing: text).aggregator()
    #expect(rule.name == text)
  }

  @Test(
    "an aggregator that is none is refused in one sentence",
    arguments: [
      (
        "medain",
        "there is no aggregator \"medain\"; did you mean \"median\"? use one of mean, median, trimmed-mean:SHARE, "
          + "geometric-median"
      ),
      (
        "median:2",
        "there is no aggregator \"median:2\"; median takes no argument; use one of mean, median, trimmed-mean:SHARE, "
          + "geometric-median"
      ),
      (
        "trimmed-mean:0.5",
        "aggregator \"trimmed-mean:0.5\" needs the share that is left out on each side, from 0 up to but not 0.5, as "
          + "in \"trimmed-mean:0.2\""
      ),
      (
        "trimmed-mean",
        "aggregator \"trimmed-mean\" needs the share that is left out on each side, from 0 up to but not 0.5, as in "
          + "\"trimmed-mean:0.2\""
      ),
    ])
  func badAggregator(text: String, sentence: String) {
    let error = #expect(throws: FluxionError.self) { try AggregatorChoice(parsing: text) }
    #expect(error?.message == sentence)
  }

  @Test("data has a text form", arguments: ["digits", "mnist", "idx:a/b", "csv:a b.csv", "synthetic-linear"])
  func dataSource(text: String) throws { #expect(try DataSource(parsing: text).description == text) }

  @Test("data by its path is a directory of IDX files")
  func path() throws { #expect(try DataSource(parsing: "../mnist") == .idx("../mnist")) }

  @Test("the path of a table is enough")
  func table() throws {
    #expect(try DataSource(parsing: "patients.csv") == .csv("patients.csv"))
    #expect(try DataSource(parsing: "data/Patients.CSV") == .csv("data/Patients.CSV"))
  }

  @Test(
    "deep or broken YAML ends in a sentence",
    arguments: [
      String(repeating: "[", count: 100_000), "a: 'b", "a: b: c", "\u{0}", "&a [*a]", "*b", "? [a]\n: b",
    ])
  func broken(yaml: String) { #expect(throws: FluxionError.self) { try Experiment(yaml: yaml) } }
}
