import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import Testing

/// Differentiable aggregation and learnt weights in whole runs.
@Suite("Aggregation in a simulation")
struct AggregationTests {
  static let task = SimulationTests.task
  static let local = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 16)

  private func run<Algorithm: FederatedAlgorithm>(
    _ algorithm: Algorithm, _ parties: Partition, _ configuration: SimulationConfiguration, rounds: Int
  ) async throws -> (records: [RoundRecord], parameters: [Float]) {
    let simulation = Simulation(Self.task, algorithm, parties, configuration)
    var records: [RoundRecord] = []
    for try await record in simulation.rounds(rounds) { records.append(record) }
    return (records, try #require(simulation.parameters).values)
  }

  private func deal(_ validation: ValidationShare?, _ count: Int = 9) throws -> Partition {
    try Dataset.digits().split(testFraction: 0.2, seed: 1)
      .partitioned(.dirichlet(alpha: 0.3), parties: count, seed: 7, validation: validation)
  }

  static let algorithms = [
    "median", "trimmed mean", "geometric median", "derivative", "derivative, geometric", "parties", "server",
  ]

  private func algorithm(_ name: String, _ parties: Partition) throws -> any FederatedAlgorithm {
    switch name {
    case "median": FederatedAveraging(local: Self.local, aggregator: CoordinateMedian())
    case "trimmed mean": FederatedAveraging(local: Self.local, aggregator: try TrimmedMean(share: 0.2))
    case "geometric median": FederatedAveraging(local: Self.local, aggregator: try GeometricMedian())
    case "derivative": DifferentiableAveraging(local: Self.local, aggregator: CoordinateMedian(), rate: 0.1)
    case "derivative, geometric":
      DifferentiableAveraging(local: Self.local, aggregator: try GeometricMedian(), rate: 0.1)
    case "parties": LearnedWeighting(local: Self.local, validation: .parties)
    default:
      LearnedWeighting(
        local: Self.local, validation: .server(try LossGradient(Self.task, try #require(parties.validation))))
    }
  }

  @Test("gives the same bits for any number of threads", arguments: algorithms)
  func threads(name: String) async throws {
    let parties = try deal(name == "server" ? .server(0.1) : .parties(0.1))
    func outcome(_ threads: Int) async throws -> ([UInt32], [Double?], [Double?]) {
      func outcome<Algorithm: FederatedAlgorithm>(_ algorithm: Algorithm) async throws -> (
        [UInt32], [Double?], [Double?]
      ) {
        let (records, parameters) = try await run(
          algorithm, parties, SimulationConfiguration(seed: 3, threads: threads, cohort: .count(6)), rounds: 3)
        return (
          parameters.map(\.bitPattern), records.map(\.testLoss), records.flatMap { $0.parties.map(\.weight) }
        )
      }
      return try await outcome(try algorithm(name, parties))
    }
    let one = try await outcome(1)
    for threads in [2, 3] { #expect(try await outcome(threads) == one) }
  }

  @Test("an upload with a gradient behind it is counted as such")
  func bytes() async throws {
    let parties = try deal(.parties(0.1))
    let count = 2410
    let derivative = try await run(
      DifferentiableAveraging(local: Self.local, rate: 0.1), parties, SimulationConfiguration(), rounds: 2)
    #expect(derivative.records.map(\.bytesUp) == [9 * (8 * count + 128), 9 * (8 * count + 128)])
    #expect(derivative.records.map(\.bytesDown) == [9 * (4 * count + 128), 9 * (4 * count + 128)])
    let learned = try await run(
      LearnedWeighting(local: Self.local, validation: .parties), parties, SimulationConfiguration(), rounds: 2)
    #expect(learned.records.map(\.bytesUp) == [9 * (4 * count + 128), 9 * (8 * count + 128 + 2 * 8)])
  }

  @Test("differentiable averaging with the mean is its closed form over a whole round")
  func closedForm() async throws {
    let parties = try deal(nil, 4)
    let plain = try await run(
      FederatedAveraging(local: Self.local), parties, SimulationConfiguration(seed: 2), rounds: 1)
    let moved = try await run(
      DifferentiableAveraging(local: Self.local, rate: 0.5), parties, SimulationConfiguration(seed: 2), rounds: 1)
    // A client's own model after the round is the round of a federation in which it has all the weight; its gradient
    // there is taken by other means.
    let start = try Self.task.initialParameters(input: [8, 8, 1], key: RandomKey(seed: 2).folding("parameters")).values
    var expected = plain.parameters
    for party in 0..<4 {
      let share = Float(parties[party].count) / Float(parties.exampleCount)
      let alone = Only(client: party, base: FederatedAveraging(local: Self.local))
      let own = try await run(alone, parties, SimulationConfiguration(seed: 2), rounds: 1).parameters
      #expect(own != start)
      let gradient = try LossGradient(Self.task, parties[party])(at: own).gradient
      for index in expected.indices { expected[index] -= 0.5 * share * share * gradient[index] }
    }
    #expect(zip(moved.parameters, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(moved.parameters != plain.parameters)
  }

  @Test("a party with garbage labels comes to count less", arguments: ["parties", "server"])
  func garbage(form: String) async throws {
    // Every fifth example is of party 2, which has other labels than everybody else.
    let digits = try Dataset.digits().all
    let owners = (0..<digits.count).map { Int32($0 % 5) }
    let labels = zip(digits.labels, owners).map { $1 == 2 ? ($0 * 7 + 3) % 10 : $0 }
    let dataset = try Dataset(
      name: "digits of five owners", features: digits.features(), exampleShape: [64],
      targets: .classes(labels: labels, classCount: 10),
      columns: [
        Column(
          name: "owner", features: 0..<0,
          categories: Column.Categories(names: ["A", "B", "C", "D", "E"], codes: owners))
      ])
    let parties = try dataset.partitioned(
      .column("owner"), seed: 7, validation: form == "server" ? .server(0.1) : .parties(0.1))
    let algorithm = LearnedWeighting(
      local: Self.local,
      validation: try parties.validation.map { .server(try LossGradient(Self.task, $0)) } ?? .parties)
    let records = try await run(algorithm, parties, SimulationConfiguration(), rounds: 15).records
    for record in records {
      #expect(abs(record.parties.compactMap(\.weight).reduce(0, +) - 1) < 1e-9)
    }
    let weights = try #require(records.last).parties.compactMap(\.weight)
    #expect(weights[2] < 0.1, "\(weights)")
    #expect([0, 1, 3, 4].allSatisfy { weights[$0] > 1.5 * weights[2] }, "\(weights)")
  }

  @Test("a gradient behind a transformed update is refused, as it would tell what the transform hides")
  func transforms() async throws {
    struct Nothing: UpdateTransform { func apply(to update: UnsafeMutableBufferPointer<Float>, key: RandomKey) {} }
    struct Transformed: FederatedAlgorithm {
      let base: DifferentiableAveraging
      var name: String { "transformed" }
      func initialState(for parameters: Parameters) throws -> FederatedAveraging.State {
        try base.initialState(for: parameters)
      }
      func plan(round: Int, state: FederatedAveraging.State) throws -> RoundPlan {
        var plan = try base.plan(round: round, state: state)
        plan.transforms = [Nothing()]
        return plan
      }
      func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout FederatedAveraging.State) throws {}
    }
    let algorithm = Transformed(base: DifferentiableAveraging(local: Self.local, rate: 0.1))
    await #expect(throws: FluxionError.self) {
      _ = try await self.run(algorithm, try self.deal(nil), SimulationConfiguration(), rounds: 1)
    }
  }
}

/// Federated averaging in which one client's update is all that counts.
private struct Only: FederatedAlgorithm {
  let client: Int
  let base: FederatedAveraging

  var name: String { "only" }

  func initialState(for parameters: Parameters) throws -> FederatedAveraging.State {
    try base.initialState(for: parameters)
  }

  func plan(round: Int, state: FederatedAveraging.State) throws -> RoundPlan {
    var plan = try base.plan(round: round, state: state)
    plan.aggregator = KeepingUpdates()
    return plan
  }

  func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout FederatedAveraging.State) throws {
    var aggregate = aggregate
    aggregate.update = aggregate.updates?.first { $0.client == client }?.values ?? []
    try base.step(&parameters, aggregate, state: &state)
  }
}
