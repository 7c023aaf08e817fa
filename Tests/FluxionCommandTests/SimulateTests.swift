import Fluxion
import FluxionCalculus
import FluxionExperiment
import Foundation
import Testing

@Suite("fluxion simulate")
struct SimulateTests {
  /// One small run, said three ways.
  private static let flags = [
    "--parties", "4", "--partition", "dirichlet:0.5", "--model", "mlp:16", "--rounds", "2", "--batch-size", "16",
    "--learning-rate", "0.1", "--momentum", "0.8", "--optimizer", "nesterov", "--schedule", "exponential:0.9",
    "--cohort", "3", "--seed", "5",
  ]
  private static let yaml = """
    parties: 4
    partition: dirichlet:0.5
    model: mlp:16
    rounds: 2
    batchSize: 16
    learning-rate: 0.1
    momentum: 0.8
    optimizer: nesterov
    schedule: exponential:0.9
    cohort: 3
    seed: 5
    """

  @Test("flags, YAML, an experiment in Swift and the library's types describe one run, to the bits of the model")
  func fourForms() async throws {
    let directory = try Directory()
    try directory.file("e.yaml", text: Self.yaml)
    let byFlags = try await Tool.run(["simulate"] + Self.flags + ["--quiet", "--output", "flags"], in: directory)
    #expect(byFlags.status == 0, "\(byFlags.errors)")
    let byFile = try await Tool.run(
      ["simulate", "e.yaml", "--quiet", "--output", "yaml", "--threads", "1"], in: directory)
    #expect(byFile.status == 0, "\(byFile.errors)")
    let expected = try #require(try directory.json("flags/run.json")["modelSHA256"] as? String)
    #expect(expected.count == 64)
    #expect(try directory.json("yaml/run.json")["modelSHA256"] as? String == expected)

    var experiment = Experiment()
    experiment.parties = 4
    experiment.partition = .dirichlet(alpha: 0.5)
    experiment.model = .mlp([16])
    experiment.rounds = 2
    experiment.batchSize = 16
    experiment.learningRate = 0.1
    experiment.momentum = 0.8
    experiment.optimizer = .nesterov
    experiment.schedule = .exponential(factor: 0.9)
    experiment.cohort = .count(3)
    experiment.seed = 5
    #expect(try Experiment(yaml: Self.yaml) == experiment)
    experiment.output = directory.url.appending(path: "swift").path
    #expect(try await experiment.run().record.modelSHA256 == expected)

    let parties = try Dataset.digits().split(testFraction: 0.2, seed: 5, stratified: true)
      .partitioned(.dirichlet(alpha: 0.5), parties: 4, seed: 5)
    let task = LearningTask(.mlp(hidden: [16], classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy])
    let algorithm = FederatedAveraging(
      local: LocalTraining(
        .nesterov(learningRate: 0.1, momentum: 0.8), epochs: 1, batchSize: 16, schedule: .exponential(factor: 0.9)))
    let simulation = Simulation(task, algorithm, parties, SimulationConfiguration(seed: 5, cohort: .count(3)))
    for try await _ in simulation.rounds(2) {}
    #expect(ModelDigest.sha256Hex(of: try #require(simulation.parameters).values) == expected)
  }

  @Test("fedbuff on uneven devices: flags, a file and the library's types describe one run, which tells its own time")
  func buffered() async throws {
    let directory = try Directory()
    try directory.file(
      "e.yaml",
      text: "parties: 9\nmodel: mlp:16\nrounds: 4\ncohort: 6\nalgorithm: fedbuff\nbufferSize: 2\ndevices: uneven:1")
    let byFile = try await Tool.run(["simulate", "e.yaml", "--quiet", "--output", "yaml"], in: directory)
    #expect(byFile.status == 0, "\(byFile.errors)")
    let byFlags = try await Tool.run(
      [
        "simulate", "--parties", "9", "--model", "mlp:16", "--rounds", "4", "--cohort", "6", "--algorithm", "fedbuff",
        "--buffer-size", "2", "--devices", "uneven:1", "--threads", "1", "--quiet", "--output", "flags",
      ], in: directory)
    #expect(byFlags.status == 0, "\(byFlags.errors)")
    let record = try directory.json("flags/run.json")
    let expected = try #require(record["modelSHA256"] as? String)
    #expect(try directory.json("yaml/run.json")["modelSHA256"] as? String == expected)
    let rounds = try #require(record["rounds"] as? [[String: Any]])
    #expect(rounds.allSatisfy { ($0["simulatedSeconds"] as? Double ?? 0) > 0 })
    #expect(rounds.allSatisfy { ($0["parties"] as? [Any])?.count == 2 })

    let parties = try Dataset.digits().split(testFraction: 0.2, seed: 0, stratified: true)
      .partitioned(.shards(perParty: 2), parties: 9, seed: 0)
    let simulation = Simulation(
      LearningTask(.mlp(hidden: [16], classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy]),
      FederatedAveraging(local: .sgd(learningRate: 0.05, epochs: 1, batchSize: 32)), parties,
      SimulationConfiguration(
        cohort: .count(6),
        virtualTime: VirtualTime(
          devices: .uneven(spread: 1), StragglerPolicy(pace: .buffered(2), late: .buffered(StalenessWeighting())))))
    for try await _ in simulation.rounds(4) {}
    #expect(try ModelDigest.sha256Hex(of: #require(simulation.parameters).values) == expected)
  }

  @Test("a flag overrides the file")
  func precedence() async throws {
    let directory = try Directory()
    try directory.file("e.yaml", text: "rounds: 3\nmodel: logistic\nseed: 9\nbaselines: true\n")
    let result = try await Tool.run(
      ["simulate", "e.yaml", "--rounds", "1", "--no-baselines", "--json", "-o", "out"], in: directory)
    #expect(result.status == 0, "\(result.errors)")
    let configuration = try directory.json("out/run.json")["configuration"] as? [String: Any]
    #expect(configuration?["rounds"] as? Int == 1)
    #expect(configuration?["seed"] as? Int == 9)
    #expect(configuration?["baselines"] as? Bool == false)
    #expect(configuration?["partition"] as? String == "shards:2", "what follows from the data is on record")
  }

  @Test("--json prints run.json and nothing else")
  func json() async throws {
    let directory = try Directory()
    let result = try await Tool.run(
      ["simulate", "--model", "logistic", "--rounds", "2", "--json", "--output", "out"], in: directory)
    #expect(result.status == 0 && result.errors == "")
    #expect(try result.output == String(contentsOf: directory.url.appending(path: "out/run.json"), encoding: .utf8))
    for name in ["metrics.csv", "model.safetensors", "report.html"] { #expect(directory.has("out/\(name)")) }
    let rounds = try directory.json("out/run.json")["rounds"] as? [[String: Any]]
    #expect(rounds?.count == 2)
    for key in [
      "round", "testAccuracy", "testLoss", "trainLoss", "seconds", "evaluationSeconds", "bytesUp", "bytesDown",
      "parties",
    ] {
      #expect(rounds?.first?[key] != nil, "\(key)")
    }
  }

  @Test("without a terminal a round is a plain line, and the end says where the report is")
  func plainLines() async throws {
    let directory = try Directory()
    let result = try await Tool.run(["simulate", "--model", "logistic", "--rounds", "2"], in: directory)
    #expect(result.status == 0 && result.errors == "")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("round ") } == 2)
    #expect(!result.output.contains("\u{1b}") && !result.output.contains("\r"))
    #expect(lines.last?.hasSuffix("report: runs/digits-fedavg/report.html") == true, "\(result.output)")
    let again = try await Tool.run(["simulate", "--model", "logistic", "--rounds", "1", "--quiet"], in: directory)
    #expect(again.output.split(separator: "\n").count == 1)
    #expect(directory.has("runs/digits-fedavg-2/report.html"), "a second run takes nothing from the first")
  }

  @Test("a learning rate that makes the loss NaN stops with round and party, and keeps what was written")
  func divergence() async throws {
    let directory = try Directory()
    let result = try await Tool.run(
      [
        "simulate", "--data", "synthetic-linear", "--learning-rate", "5", "--rounds", "1000", "--output", "out",
        "--quiet",
      ], in: directory)
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errors.hasPrefix("fluxion: ") && result.errors.filter { $0 == "\n" }.count == 1)
    #expect(result.errors.contains("round") && result.errors.contains("party"), "\(result.errors)")
    let record = try directory.json("out/run.json")
    #expect((record["stop"] as? [String: Any])?["reason"] as? String == "error")
    let rounds = try #require(record["rounds"] as? [Any])
    let table = try String(contentsOf: directory.url.appending(path: "out/metrics.csv"), encoding: .utf8)
    #expect(table.split(separator: "\n").count == rounds.count + 1)
    #expect(directory.has("out/report.html"))
  }

  @Test(
    "Ctrl-C and SIGTERM end a run with one line, its status, and everything that was finished",
    arguments: [SIGINT, SIGTERM])
  func interruption(signal: Int32) async throws {
    let directory = try Directory()
    let file = directory.url.appending(path: "out/metrics.csv")
    let result = try await Tool.run(
      ["simulate", "--model", "mlp:64", "--rounds", "1000000", "--output", "out", "--quiet"], in: directory
    ) { process in
      let identifier = process.processIdentifier
      Thread.detachNewThread {
        // Until two rounds are on file.
        while kill(identifier, 0) == 0 {
          let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").count ?? 0
          if lines > 2 { break }
          Thread.sleep(forTimeInterval: 0.01)
        }
        kill(identifier, signal)
      }
    }
    #expect(!result.isTimedOut)
    #expect(result.status == 128 + signal)
    #expect(result.errors == "fluxion: interrupted; every finished round is in out\n")
    let record = try directory.json("out/run.json")
    #expect((record["stop"] as? [String: Any])?["reason"] as? String == "interrupted")
    #expect((record["rounds"] as? [Any])?.isEmpty == false)
    #expect(directory.has("out/model.safetensors") && directory.has("out/report.html"))
  }

  @Test("a reader that goes away ends the run without a word")
  func closedPipe() async throws {
    let directory = try Directory()
    try directory.file(
      "run.sh", text: "set -o pipefail; '\(Tool.url.path)' simulate --model logistic --rounds 500 | head -1")
    let result = try await Tool.run(["run.sh"], in: directory, executable: URL(fileURLWithPath: "/bin/bash"))
    #expect(result.status == 128 + SIGPIPE)
    #expect(result.errors == "")
    #expect(result.output.split(separator: "\n").count == 1)
    #expect(directory.has("runs/digits-fedavg/run.json"))
  }

  @Test("a run ends once the target accuracy is reached")
  func target() async throws {
    let directory = try Directory()
    let result = try await Tool.run(
      [
        "simulate", "--partition", "iid", "--model", "logistic", "--learning-rate", "0.5", "--rounds", "200",
        "--target-accuracy", "0.8", "--output", "out",
      ], in: directory)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("stopped: the target accuracy is reached"))
    let record = try directory.json("out/run.json")
    #expect((record["stop"] as? [String: Any])?["reason"] as? String == "targetAccuracy")
    #expect(try #require(record["rounds"] as? [Any]).count < 200)
  }

  @Test("every kind of data, model, algorithm and optimiser runs", arguments: kinds)
  func runs(arguments: [String]) async throws {
    let directory = try Directory()
    try IDXFiles().write(to: directory, gzip: true)
    try directory.file(
      "t.csv",
      text: "site,age,sex,label\n"
        + (0..<60).map { "s\($0 % 3),\($0 * 7 % 50),\($0 % 2 == 0 ? "f" : "m"),\($0 % 2 == 0 ? "yes" : "no")\n" }
        .joined())
    try directory.file(
      "v.csv", text: "a,b,y\n" + (0..<60).map { "\($0 % 7),\($0 % 5),\(3 * ($0 % 7) - ($0 % 5)).5\n" }.joined())
    let result = try await Tool.run(["simulate", "--rounds", "2", "--json"] + arguments, in: directory)
    #expect(result.status == 0, "\(result.errors)")
    let record = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let rounds = record?["rounds"] as? [[String: Any]]
    #expect(rounds?.count == 2)
    #expect(rounds?.allSatisfy { $0["analysis"] is [String: Any] == arguments.contains("--analyze") } == true)
  }

  static let kinds: [[String]] =
    [
      ["--data", "idx:images", "--parties", "4", "--model", "cnn"], ["--data", "./images", "--partition", "iid"],
      ["--data", "csv:t.csv", "--partition", "column:site"],
      ["--data", "csv:t.csv", "--parties", "3", "--model", "mlp:4", "--weighting", "uniform"],
      ["--data", "csv:v.csv", "--label-column", "y", "--parties", "3", "--baselines"],
      ["--data", "synthetic-linear", "--algorithm", "fedsgd"], ["--data", "synthetic-linear", "--cohort", "0.1"],
      ["--model", "flatten; dense(8); tanh; dense(10)", "--partition", "quantity:0.5"],
      ["--model", "logistic", "--analyze", "--analyze-every", "2"],
      ["--algorithm", "fedsgd", "--optimizer", "adam", "--evaluate-every", "2", "--patience", "0"],
      ["--model", "logistic", "--algorithm", "differentiable-averaging", "--aggregation-rate", "0.1"],
      ["--model", "logistic", "--algorithm", "differentiable-averaging", "--aggregator", "trimmed-mean:0.2"],
      ["--model", "logistic", "--aggregator", "geometric-median"], ["--model", "logistic", "--weighting", "learned"],
      ["--model", "logistic", "--weighting", "learned", "--validation", "server:0.05", "--baselines"],
    ]
    + ["sgd", "gd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adams-bashforth"].map {
      ["--model", "logistic", "--optimizer", $0, "--weight-decay", "0.001", "--epochs", "2"]
    }
}
