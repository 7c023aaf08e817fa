import FluxionCalculus
import FluxionFederation
import FluxionLearning
import Testing

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
    let algorithm = TunedAveraging(FederatedAveraging(local: Self.local), Tuning([.learningRate]))
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
