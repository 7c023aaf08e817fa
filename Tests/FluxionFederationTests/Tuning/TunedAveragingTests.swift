import FluxionCalculus
import FluxionLearning
import Testing

@testable import FluxionFederation

@Suite("Tuned averaging")
struct TunedAveragingTests {
  static let local = LocalTraining.sgd(learningRate: 0.1)

  @Test(
    "refuses what it cannot tune, with what would be right",
    arguments: [
      (Tuning([.weightDecay]), "tuning weight-decay needs a value above 0 to begin with; it was given 0.0"),
      (Tuning([.proximal]), "tuning proximal needs a value above 0 to begin with; it was given 0.0"),
      (Tuning([.momentum]), "optimizer sgd has no momentum to tune; use momentum or nesterov"),
      (
        Tuning([.serverLearningRate]),
        "plain averaging has no server learning rate to tune; use a server optimizer such as sgd with a rate of 1"
      ),
      (
        Tuning([.learningRate], mode: .server),
        "tuning by the server needs examples that the server holds; keep some for it, or use the mode shared"
      ),
    ])
  func refuses(tuning: Tuning, sentence: String) throws {
    let algorithm = TunedAveraging(FederatedAveraging(local: Self.local), tuning)
    let parameters = try AlgorithmContractTests.parameters()
    let error = #expect(throws: FluxionError.self) { try algorithm.initialState(for: parameters) }
    #expect(error?.message == sentence)
  }

  @Test("takes the weighted geometric mean of the rates that parties propose, of those that have one")
  func mean() throws {
    let algorithm = TunedAveraging(
      FederatedAveraging(local: Self.local), Tuning([.learningRate], mode: .perParty))
    var parameters = try AlgorithmContractTests.parameters()
    var state = try algorithm.initialState(for: parameters)
    var aggregate = AlgorithmContractTests.aggregate(1)
    aggregate.contributions = [(10, 0.1), (30, 0.2), (60, nil)].enumerated().map { client, told in
      var metrics = ClientMetrics(samples: told.0, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
      if let rate = told.1 { metrics.figures["proposed learning-rate"] = rate }
      return Aggregate.Contribution(client: client, metrics: metrics)
    }
    try algorithm.step(&parameters, aggregate, state: &state)
    let expected = 0.2 / 1.189207115  // 0.1^(1/4) · 0.2^(3/4)
    #expect(abs(state.values[0] - expected) < 1e-8)
    #expect(try algorithm.plan(round: 2, state: state).tuning?.values == state.values)
  }

  @Test("moves a shared rate by the cosine between the sums of tangents and of gradients, not by parties' own cosines")
  func sharedRate() throws {
    let algorithm = TunedAveraging(FederatedAveraging(local: Self.local), Tuning([.learningRate]))
    var parameters = try AlgorithmContractTests.parameters()
    var state = try algorithm.initialState(for: parameters)
    // What each party uploads of tangent and gradient: both are at odds with their own gradients, and together agree.
    let first = AlgorithmContractTests.aggregate(1)
    var second = AlgorithmContractTests.aggregate(2)
    let told: [([Float], [Float])] = [([1, 0], [-1, 4]), ([0, 1], [4, -1]), ([.nan, 1], [1, 1]), ([1], [1, 1])]
    second.contributions = told.enumerated()
      .map { client, told in
        var metrics = ClientMetrics(samples: 10, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
        metrics.figures["loss of the global model"] = 1
        metrics.vectors = ["sketch of the tangent of learning-rate": told.0, "sketch of the gradient": told.1]
        return Aggregate.Contribution(client: client, metrics: metrics)
      }
    try algorithm.step(&parameters, first, state: &state)
    #expect(state.values == [0.1])
    #expect(try algorithm.plan(round: 2, state: state).tuning?.values == [0.1])
    try algorithm.step(&parameters, second, state: &state)
    #expect(abs(state.values[0] - 0.1 / 2.718281828) < 1e-8)
    let summary = try #require(try algorithm.plan(round: 3, state: state).tuning).summary(
      of: second.contributions, weighting: .samples)
    #expect(abs((summary.alignments["learning-rate"] ?? 0) - 1) < 1e-12)
  }

  @Test("moves nothing within the deadband, a whole step above the ramp, and less with time")
  func rule() {
    let rule = TuningRule(step: 1, deadband: 0.1, ramp: 0.2, patience: 4)
    #expect(rule.change(alignment: -0.1, after: 0) == 0)
    #expect(rule.change(alignment: 0.05, after: 0) == 0)
    #expect(abs(rule.change(alignment: -0.2, after: 0) - 0.5) < 1e-12)
    #expect(rule.change(alignment: -0.9, after: 0) == 1)
    #expect(rule.change(alignment: 0.9, after: 4) == -0.5)
    #expect(rule.change(alignment: .nan, after: 0) == 0)
  }

  @Test("goes back to the best model, at a tenth of the rate, from one that is worse than the untrained one")
  func ruin() throws {
    let algorithm = TunedAveraging(FederatedAveraging(local: Self.local), Tuning([.learningRate]))
    var parameters = try AlgorithmContractTests.parameters()
    var state = try algorithm.initialState(for: parameters)
    func step(_ round: Int, loss: Double) throws {
      var aggregate = AlgorithmContractTests.aggregate(round)
      var metrics = ClientMetrics(samples: 10, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
      metrics.figures["loss of the global model"] = loss
      aggregate.contributions = [Aggregate.Contribution(client: 0, metrics: metrics)]
      try algorithm.step(&parameters, aggregate, state: &state)
    }
    try step(1, loss: 2.3)
    let second = parameters.values
    try step(2, loss: 1.9)
    #expect(parameters.values != second)
    try step(3, loss: 2.305)
    #expect(algorithm.notes(onRound: 3, state: state) == [])
    try step(4, loss: 2.34)
    #expect(parameters.values == second)
    #expect(abs(state.values[0] - 0.01) < 1e-12)
    #expect(
      algorithm.notes(onRound: 4, state: state) == [
        "round 4: the model had become worse than the untrained one, a loss of 2.34 after 2.3, at learning rate 0.1; "
          + "going back to the model of round 2 with 0.01"
      ])
    // What was learnt on the way there does not count.
    #expect(try algorithm.plan(round: 5, state: state).tuning?.firstRound == 5)
    try step(5, loss: 1.9)
    #expect(algorithm.notes(onRound: 5, state: state) == [])
    for round in 6...10 { try step(round, loss: 3) }
    let error = #expect(throws: FluxionError.self) { try step(11, loss: 3) }
    #expect(error?.code == .diverged)
  }

  @Test("goes back by the server's loss where the server tunes")
  func serversRuin() throws {
    let start = try AlgorithmContractTests.parameters()
    let slope = [Float](repeating: 1, count: start.values.count)
    let algorithm = TunedAveraging(
      FederatedAveraging(local: Self.local), Tuning([.learningRate], mode: .server),
      serverLoss: { ($0.values == start.values ? 2.3 : 2.4, slope) })
    var parameters = start
    var state = try algorithm.initialState(for: parameters)
    try algorithm.step(&parameters, AlgorithmContractTests.aggregate(1), state: &state)
    #expect(parameters.values != start.values)
    try algorithm.step(&parameters, AlgorithmContractTests.aggregate(2), state: &state)
    #expect(parameters.values == start.values)
    #expect(abs(state.values[0] - 0.01) < 1e-12)
    #expect(algorithm.notes(onRound: 2, state: state).count == 1)
  }

  @Test("lowers every party that is at a rate that diverged or above")
  func recovery() throws {
    let algorithm = TunedAveraging(
      FederatedAveraging(local: Self.local), Tuning([.learningRate], mode: .perParty))
    var state = try algorithm.initialState(for: try AlgorithmContractTests.parameters())
    state.parties = [0: [0.05], 1: [0.2], 2: [0.3]]
    let note = try algorithm.recover(
      from: Divergence(round: 3, client: 1, name: "party 1", reason: "it is NaN"), state: &state)
    #expect(note == "round 3: training diverged at learning rate 0.2 at party 1; going on with 0.02")
    #expect(state.parties[0] == [0.05])
    #expect([1, 2].allSatisfy { abs((state.parties[$0]?[0] ?? 0) - 0.02) < 1e-9 })
  }
}
