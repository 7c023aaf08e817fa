import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import Foundation
import Testing

@testable import FluxionExperiment

@Suite("An experiment made ready")
struct PreparedExperimentTests {
  @Test("the digits are split by class, dealt out by label, and seen by a convolutional network")
  func digits() throws {
    let prepared = try Experiment().prepared()
    let experiment = prepared.experiment
    #expect(experiment.parties == 10 && experiment.rounds == 20 && experiment.learningRate == 0.05)
    #expect(experiment.partition == .shards(perParty: 2) && experiment.model == .cnn)
    #expect(prepared.partition.exampleCount == 1438 && prepared.partition.test?.count == 359)
    #expect(try prepared.task.layout(input: [8, 8, 1]).count == 188_810)
    #expect(prepared.task.loss == .softmaxCrossEntropy && prepared.task.metrics == [.accuracy])
  }

  @Test(
    "the synthetic regression has ten samples a party for training, whatever is kept for testing",
    arguments: [(100, 0.2), (7, 0.2), (1, 0.5), (3, 0.01), (1000, 0.333), (2, 0.9)])
  func synthetic(parties: Int, testFraction: Double) throws {
    var experiment = Experiment()
    experiment.data = .syntheticLinear
    experiment.parties = parties
    experiment.testFraction = testFraction
    let prepared = try experiment.prepared()
    #expect(prepared.partition.sizes == Array(repeating: 10, count: parties))
    #expect((prepared.partition.test?.count ?? 0) >= 1)
    #expect(prepared.task.loss == .meanSquaredError && prepared.task.metrics == [.rmse])
    #expect(prepared.experiment.model == .linear)
  }

  @Test(
    "tuning that cannot be is refused before anything is trained",
    arguments: [
      (
        "algorithm: fedsgd\ntune: learning-rate",
        "tune differentiates local steps, and fedsgd has none; use fedavg to tune"
      ),
      (
        "tune: learning-rate\ntuneMode: server",
        "tune-mode server needs examples that the server keeps; set validation to server:0.05, or use shared"
      ),
      ("algorithm: fedsgd\nproximal: 1", "proximal holds local steps back, and fedsgd has none; use fedavg with it"),
    ])
  func tuning(yaml: String, sentence: String) throws {
    let experiment = try Experiment(yaml: yaml)
    let error = #expect(throws: FluxionError.self) { try experiment.prepared() }
    #expect(error?.message == sentence)
  }

  @Test("what is done about parties that take long follows from the devices and the cohort")
  func stragglers() throws {
    func filled(_ yaml: String) throws -> Experiment { try Experiment(yaml: yaml).prepared().experiment }
    #expect(try filled("cohort: 20\nparties: 40").virtualTime == nil)
    let uneven = "devices: uneven:1\nparties: 40\npartition: iid\ncohort: "
    #expect(
      try filled(uneven + "20").virtualTime
        == VirtualTime(devices: .uneven(spread: 1), StragglerPolicy(overSelection: 1.3)))
    #expect(try filled(uneven + "19").virtualTime == VirtualTime(devices: .uneven(spread: 1)))
    #expect(try filled(uneven + "all").virtualTime == VirtualTime(devices: .uneven(spread: 1)))
    #expect(
      try filled(uneven + "20\noverSelection: 1\ndeadline: 2.5").virtualTime
        == VirtualTime(devices: .uneven(spread: 1), StragglerPolicy(quorum: 0.5, deadline: .milliseconds(2500))))
    #expect(
      try filled("overSelection: 1.5\ncohort: 4\nlate: buffer").virtualTime
        == VirtualTime(StragglerPolicy(overSelection: 1.5, late: .buffered(StalenessWeighting()))))
    #expect(
      try filled(uneven + "30\nalgorithm: fedbuff\nstaleness: 1").virtualTime
        == VirtualTime(
          devices: .uneven(spread: 1),
          StragglerPolicy(pace: .buffered(10), late: .buffered(StalenessWeighting(exponent: 1)))))
    #expect(
      try filled("algorithm: fedbuff\ncohort: 5").virtualTime
        == VirtualTime(StragglerPolicy(pace: .buffered(2), late: .buffered(StalenessWeighting()))))
  }

  @Test(
    "of parties in other processes half are enough, large cohorts are over-selected, and nobody is awaited for ever")
  func remoteStragglers() throws {
    func policy(_ yaml: String, parties: Int = 40) throws -> StragglerPolicy {
      try Experiment(yaml: yaml).stragglersOfRemoteParties(parties: parties)
    }
    #expect(try policy("parties: 40") == StragglerPolicy(quorum: 0.5))
    #expect(
      try policy("cohort: 20\ndeadline: 2m\nquorum: 0.9")
        == StragglerPolicy(overSelection: 1.3, quorum: 0.9, deadline: .seconds(120)))
    #expect(try policy("cohort: 20\noverSelection: 1") == StragglerPolicy(quorum: 0.5))
    #expect(
      try policy("cohort: 30\nalgorithm: fedbuff\nbufferSize: 4")
        == StragglerPolicy(pace: .buffered(4), late: .buffered(StalenessWeighting(maximum: 20)), quorum: 0.5))
  }

  @Test("a deadline is read with its unit", arguments: [("2.5", 2.5), ("90s", 90), ("10m", 600), ("2h", 7200)])
  func deadline(text: String, seconds: Double) throws {
    #expect(try Experiment(yaml: "deadline: \(text)").deadline == seconds)
  }

  @Test("a deadline that is no time above 0 is refused", arguments: ["0", "-1", "soon", "m", "1d", "nan", "inf"])
  func badDeadline(text: String) {
    #expect(throws: FluxionError.self) { try Experiment(yaml: "deadline: \(text)") }
  }

  @Test(
    "what is done about parties that take long is refused where it makes no sense",
    arguments: [
      (
        "bufferSize: 3",
        "buffer-size says with how many updates the server steps in fedbuff; use it with that algorithm, or set cohort"
      ),
      (
        "algorithm: fedbuff\nlate: discard",
        "fedbuff is made for late updates; leave out late, or use fedavg to discard them"
      ),
      (
        "algorithm: fedbuff\nover-selection: 1.2",
        "over-selection belongs to rounds, and with fedbuff every update counts; leave it out, or use fedavg"
      ),
      ("staleness: 1", "staleness weighs late updates, and here they are discarded; set late to buffer"),
      ("late: buffer", "nobody is late where a round waits for everybody; set over-selection or a deadline, too"),
      (
        "algorithm: fedbuff\ncohort: 4\nbufferSize: 5",
        "buffer-size is at most the cohort, which is 4 here; it was given 5"
      ),
      (
        "maximumStaleness: 3",
        "maximum-staleness is of late updates that count, and here they are discarded; set late to buffer"
      ),
      (
        "devices: even\ntune: momentum",
        "tuning needs everybody's report in every round; leave out tune, or devices and what is done about slow ones"
      ),
      (
        "algorithm: fedbuff\naggregator: median",
        "late updates count less in a weighted mean, and in nothing else; use the aggregator mean with samples or "
          + "uniform as weighting, and fedbuff, fedavg or fedsgd"
      ),
      (
        "algorithm: fedbuff\nanalyze: true",
        "an analysis compares updates that began from one model; leave out analyze, or discard late updates"
      ),
    ])
  func senselessStragglers(yaml: String, sentence: String) throws {
    let experiment = try Experiment(yaml: yaml)
    let error = #expect(throws: FluxionError.self) { try experiment.prepared() }
    #expect(error?.message == sentence)
  }

  @Test("a table is standardised by its training part alone")
  func table() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "fluxion-\(UUID()).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    let rows = (0..<50).map { "\($0 * $0),\($0 % 3 == 0 ? "red" : "blue"),\($0 % 2)\n" }
    try Data(("size,colour,label\n" + rows.joined()).utf8).write(to: file)
    var experiment = Experiment()
    experiment.data = .csv(file.path)
    experiment.parties = 4
    let prepared = try experiment.prepared()
    #expect(prepared.experiment.model == .logistic && prepared.experiment.partition == .iid)
    let width = prepared.partition.dataset.featureCount
    let train = prepared.partition.pooled.features()
    for feature in 0..<width {
      let column = stride(from: feature, to: train.count, by: width).map { Double(train[$0]) }
      let mean = column.reduce(0, +) / Double(column.count)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
      #expect(abs(mean) < 1e-5 && abs(variance - 1) < 1e-4)
    }
    let test = try #require(prepared.partition.test)
    #expect(abs(test.features().reduce(0, +)) > 1e-3, "the test part has statistics of its own")
  }

  @Test("each optimiser has the learning rate and the weight decay that were asked for", arguments: optimizers)
  func optimizer(_ choice: Experiment.LocalOptimizer, _ name: String, _ rate: Float) throws {
    var experiment = Experiment()
    experiment.optimizer = choice
    let filled = try experiment.prepared().experiment
    let plain = try filled.localOptimizer()
    #expect(plain.name == name)
    #expect(plain["learningRate"] == rate)
    #expect(filled.batchSize == (choice == .gradientDescent ? nil : 32))
    experiment.weightDecay = 0.25
    experiment.learningRate = 0.5
    let decayed = try experiment.localOptimizer()
    #expect(decayed["weightDecay"] == 0.25 && decayed["learningRate"] == 0.5)
  }

  static let optimizers: [(Experiment.LocalOptimizer, String, Float)] = [
    (.sgd, "sgd", 0.05), (.gradientDescent, "gradient-descent", 0.05), (.momentum, "momentum", 0.05),
    (.nesterov, "nesterov", 0.05), (.adam, "adam", 0.001), (.adamw, "adamw", 0.001), (.rmsprop, "rmsprop", 0.001),
    (.adagrad, "adagrad", 0.01), (.adamsBashforth, "adams-bashforth", 0.05),
  ]

  @Test("says when to analyse only where there is an analysis")
  func analysis() throws {
    var experiment = Experiment()
    experiment.analyzeEvery = 5
    let error = #expect(throws: FluxionError.self) { try experiment.prepared() }
    #expect(error?.message == "analyze-every 5 says when to analyze; switch analyze on, too")
    experiment.analyze = true
    #expect(try experiment.prepared().experiment.analyzeEvery == 5)
  }

  @Test("every optimiser is in the table above")
  func completeness() {
    #expect(Set(Self.optimizers.map(\.0)) == Set(Experiment.LocalOptimizer.allCases))
  }
}
