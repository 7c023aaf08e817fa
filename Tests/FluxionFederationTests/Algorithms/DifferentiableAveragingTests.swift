import FluxionCalculus
import FluxionLearning
import Testing

@testable import FluxionFederation

@Suite("Differentiable averaging")
struct DifferentiableAveragingTests {
  private static func updates() -> [ClientUpdate] {
    AggregatorContractTests.updates(5, count: 9).map { update in
      var update = update
      update.gradient = AggregatorContractTests.vector(9, seed: 20 + update.client)
      return update
    }
  }

  private func aggregate(_ algorithm: DifferentiableAveraging, _ updates: [ClientUpdate]) throws -> [Float] {
    let state = try algorithm.initialState(for: try AlgorithmContractTests.parameters())
    let plan = try algorithm.plan(round: 1, state: state)
    #expect(plan.gradient == ClientGradient(at: .end, of: .training))
    #expect(plan.uploadCount(parameters: 9) == 18)
    var sum = plan.aggregator.makeAccumulator(count: 9)
    for update in updates {
      try (update.values + (update.gradient ?? [])).withUnsafeBufferPointer {
        try sum.fold($0, weight: update.weight, client: update.client)
      }
    }
    #expect(sum.updates == updates)
    return try sum.finish()
  }

  @Test("with the mean is the closed form Σ α w − η Σ α² ∇L")
  func closedForm() throws {
    let updates = Self.updates()
    let result = try aggregate(DifferentiableAveraging(local: .sgd(learningRate: 0.1), rate: 0.5), updates)
    let total = Double(updates.reduce(0) { $0 + $1.weight })
    for index in 0..<9 {
      var expected = 0.0
      for update in updates {
        let share = Double(update.weight) / total
        let gradient = Double(update.gradient?[index] ?? 0)
        expected += share * Double(update.values[index])
        expected -= 0.5 * share * share * gradient
      }
      #expect(abs(Double(result[index]) - expected) < 1e-6)
    }
  }

  @Test("with the median moves along the gradients of those in the middle alone")
  func median() throws {
    let updates = Self.updates()
    let algorithm = DifferentiableAveraging(
      local: .sgd(learningRate: 0.1), weighting: .uniform, aggregator: CoordinateMedian(), rate: 0.5)
    let result = try aggregate(algorithm, updates)
    let total = Float(updates.reduce(0) { $0 + $1.weight })
    for index in 0..<9 {
      let sorted = updates.sorted { $0.values[index] < $1.values[index] }
      let middle = sorted[2]
      let share = Float(middle.weight) / total
      let gradient = middle.gradient?[index] ?? 0
      let expected = middle.values[index] - 0.5 * share * gradient
      #expect(abs(result[index] - expected) < 1e-6)
    }
  }

  @Test(
    "with a rate of zero is the aggregator alone; a negative one is refused", arguments: AggregatorContractTests.rows)
  func zeroRate(row: AggregatorContractTests.Row) throws {
    let updates = Self.updates()
    let algorithm = DifferentiableAveraging(local: .sgd(learningRate: 0.1), aggregator: row.aggregator, rate: 0)
    #expect(try aggregate(algorithm, updates) == row.aggregator.aggregate(updates))
    let negative = DifferentiableAveraging(local: .sgd(learningRate: 0.1), rate: -1)
    #expect(throws: FluxionError.self) { try negative.initialState(for: try AlgorithmContractTests.parameters()) }
  }
}
