import FluxionCalculus
import FluxionData
import FluxionLearning
import Testing

@testable import FluxionFederation

@Suite("Learnt weights")
struct LearnedWeightingTests {
  @Test("follow the exact gradient of the validation loss through the softmax, to 1e-6 in Double")
  func hypergradient() throws {
    // A loss of the new global model with curvature in every direction.
    let program = try Program.trace([Program.Input("w", TensorType([6]))]) { tensors in
      let w = tensors[0]
      return [softplus(square(w) - 0.3 * w).sum() + dot(sin(w), w)]
    }
    let slope = try program.gradient()
    let start = AggregatorContractTests.vector(6, seed: 30).map(Double.init)
    let updates = AggregatorContractTests.updates(4, count: 6).map { $0.values.map(Double.init) }
    let logits = [0.3, -0.7, 1.1, 0.2]
    func model(_ logits: [Double]) -> [Double] {
      let weights = LearnedWeighting.softmax(logits)
      return start.indices.map { index in
        zip(weights, updates).reduce(start[index]) { $0 + $1.0 * $1.1[index] }
      }
    }
    func loss(_ logits: [Double]) throws -> Double {
      try #require(try program.evaluateReference([ReferenceValue(model(logits), [6])])[0].scalar)
    }
    let gradient = try slope.evaluateReference([ReferenceValue(model(logits), [6])])[0].elements
    let weights = LearnedWeighting.softmax(logits)
    #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
    let derivatives = LearnedWeighting.hypergradient(weights: weights, gradient: gradient, updates: updates)
    for (client, derivative) in derivatives.enumerated() {
      func value(_ step: Double) throws -> Double {
        var moved = logits
        moved[client] += step
        return try loss(moved)
      }
      let expected = try centralSlope(value)
      #expect(abs(derivative - expected) <= 1e-6 * abs(expected), "client \(client)")
    }
    #expect(abs(derivatives.reduce(0, +)) < 1e-12)
  }

  @Test("begin as plain federated averaging over whoever is in the cohort")
  func beginning() throws {
    let algorithm = LearnedWeighting(local: .sgd(learningRate: 0.1), validation: .parties)
    var parameters = try AlgorithmContractTests.parameters()
    let start = parameters.values
    var state = try algorithm.initialState(for: parameters)
    #expect(try algorithm.plan(round: 1, state: state).gradient == nil)
    let updates = [3, 7].map { client in
      ClientUpdate(client: client, weight: 100 * client, values: AggregatorContractTests.vector(9, seed: client))
    }
    let aggregate = Aggregate(
      round: 1, update: try ExactMean().aggregate(updates), trainLoss: 1, contributions: [], updates: updates)
    try algorithm.step(&parameters, aggregate, state: &state)
    let expected = zip(start, aggregate.update).map { $0 + $1 }
    #expect(AggregatorContractTests.distance(parameters.values, expected) < 1e-6)
    #expect(abs((algorithm.weights(in: state)[3] ?? 0) - 0.3) < 1e-12)
    #expect(abs((algorithm.weights(in: state)[7] ?? 0) - 0.7) < 1e-12)
    #expect(try algorithm.plan(round: 2, state: state).gradient == ClientGradient(at: .start, of: .validation))
  }

  @Test("count more for the client whose update lowers the validation loss, by samples of validation")
  func direction() throws {
    let algorithm = LearnedWeighting(local: .sgd(learningRate: 0.1), validation: .parties, rate: 0.2)
    var parameters = try AlgorithmContractTests.parameters()
    var state = try algorithm.initialState(for: parameters)
    func round(_ round: Int, gradients: [[Float]?], validation: [Double]) throws {
      let updates = (0..<2).map { client in
        ClientUpdate(
          client: client, weight: 50, values: [Float](repeating: client == 0 ? 0.5 : -0.5, count: 9),
          gradient: gradients[client])
      }
      let contributions = (0..<2).map { client in
        Aggregate.Contribution(
          client: client,
          metrics: ClientMetrics(
            samples: 50, steps: 1, lossSum: 1, lossCount: 1, seconds: 0,
            figures: [ClientMetrics.validationSamples: validation[client]]))
      }
      try algorithm.step(
        &parameters,
        Aggregate(
          round: round, update: try ExactMean().aggregate(updates), trainLoss: 1, contributions: contributions,
          updates: updates),
        state: &state)
    }
    let up = [Float](repeating: 1, count: 9)
    let down = [Float](repeating: -2, count: 9)
    try round(1, gradients: [nil, nil], validation: [0, 0])
    #expect(state.weights[0] == 0.5)
    // 3 · 1 − 1 · 2 > 0: the loss rises along client 0's update, though client 1 sees it otherwise.
    try round(2, gradients: [up, down], validation: [30, 10])
    let first = try #require(state.weights[0])
    #expect(first < 0.5 && first > 0.35)
    // Nobody validates: nothing is learnt.
    try round(3, gradients: [up, down], validation: [0, 0])
    #expect(state.weights[0] == first)
    #expect(state.updates.allSatisfy { $0.gradient == nil })
  }

  @Test("are learnt at the server from a set of its own")
  func server() throws {
    let task = LearningTask(.linear(outputs: 1), loss: .meanSquaredError)
    let data = try Dataset(
      name: "line", features: [1, 2, 3, 4], exampleShape: [1], targets: .values([2, 4, 6, 8]))
    let loss = try LossGradient(task, data.all)
    let layout = try task.layout(input: [1])
    var parameters = try Parameters(layout: layout, values: [Float](repeating: 0, count: layout.count))
    let there = try loss(at: parameters.values)
    // Mean squared error: mean y² and −2 mean x y.
    #expect(abs(there.loss - 30) < 1e-5)
    #expect(there.gradient.contains { abs($0 + 30) < 1e-4 })
    let algorithm = LearnedWeighting(local: .sgd(learningRate: 0.1), validation: .server(loss, steps: 5), rate: 0.3)
    var state = try algorithm.initialState(for: parameters)
    #expect(try algorithm.plan(round: 1, state: state).gradient == nil)
    let updates = [1, -1].enumerated().map { client, sign in
      ClientUpdate(client: client, weight: 10, values: [Float](repeating: Float(sign), count: layout.count))
    }
    try algorithm.step(
      &parameters,
      Aggregate(round: 1, update: [0, 0], trainLoss: 1, contributions: [], updates: updates), state: &state)
    #expect(try #require(state.weights[0]) > 0.8)
    #expect(parameters.values.allSatisfy { $0 > 0.5 })
    #expect(throws: FluxionError.self) { try LossGradient(task, try data.subset([])) }
    #expect(throws: FluxionError.self) { try loss(at: [1]) }
  }
}
