import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import Testing

@Suite("Simulation")
struct SimulationTests {
  static let task = LearningTask(
    .mlp(hidden: [32], classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy])
  static let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16))

  static func parties(_ partitioner: Partitioner = .shards(perParty: 2), _ count: Int = 10) throws -> Partition {
    try Dataset.digits().split(testFraction: 0.2, seed: 1).partitioned(partitioner, parties: count, seed: 7)
  }

  private func run<Algorithm>(_ simulation: Simulation<Algorithm>, rounds: Int) async throws -> [RoundRecord] {
    var records: [RoundRecord] = []
    for try await record in simulation.rounds(rounds) { records.append(record) }
    return records
  }

  @Test("learns handwritten digits from parties that hold two labels each")
  func learns() async throws {
    let simulation = Simulation(Self.task, Self.algorithm, try Self.parties(), SimulationConfiguration(seed: 1))
    let records = try await run(simulation, rounds: 30)
    let accuracy = try #require(records.last?.testAccuracy)
    #expect(accuracy > 0.8)
    #expect(simulation.stopReason == .completed)
    #expect(records.map(\.round) == Array(1...30))
    #expect(try #require(records.last).trainLoss < records[0].trainLoss)
    let evaluation = try await simulation.evaluate(try #require(simulation.parameters))
    #expect(evaluation.accuracy == accuracy)
    #expect(evaluation.examples == simulation.partition.test?.count)
  }

  @Test(
    "gives the same bits for any number of threads, and other bits for another seed",
    arguments: ["fedavg", "fedavg, uniform, adam", "fedsgd", "dropout"])
  func threads(name: String) async throws {
    func outcome(threads: Int, seed: UInt64 = 5) async throws -> ([UInt32], [Double?], [Double]) {
      func outcome<Algorithm: FederatedAlgorithm>(
        _ algorithm: Algorithm, _ task: LearningTask = Self.task
      ) async throws -> ([UInt32], [Double?], [Double]) {
        let simulation = Simulation(
          task, algorithm, try Self.parties(.dirichlet(alpha: 0.3), 13),
          SimulationConfiguration(seed: seed, threads: threads, cohort: .count(7)))
        let records = try await run(simulation, rounds: 4)
        let values = try #require(simulation.parameters).values
        return (values.map(\.bitPattern), records.map(\.testLoss), records.map(\.trainLoss))
      }
      switch name {
      case "fedsgd": return try await outcome(FederatedSGD(learningRate: 0.5))
      case "fedavg, uniform, adam":
        let local = LocalTraining(.adam(learningRate: 0.01), epochs: 2, batchSize: 10)
        return try await outcome(FederatedAveraging(local: local, weighting: .uniform, server: .adam()))
      case "dropout":
        let model = Model {
          Flatten(); Dense(24); ReLU(); Dropout(0.5); Dense(10)
        }
        return try await outcome(
          Self.algorithm, LearningTask(model, loss: .softmaxCrossEntropy, metrics: [.accuracy]))
      default: return try await outcome(Self.algorithm)
      }
    }
    let one = try await outcome(threads: 1)
    for threads in [2, 3, 5] { #expect(try await outcome(threads: threads) == one) }
    #expect(try await outcome(threads: 2, seed: 6) != one)
  }

  @Test("can be run again, to the same bits")
  func again() async throws {
    let simulation = Simulation(Self.task, Self.algorithm, try Self.parties())
    _ = try await run(simulation, rounds: 2)
    let first = simulation.parameters
    _ = try await run(simulation, rounds: 2)
    #expect(simulation.parameters == first)
  }

  @Test("selects a new cohort every round and trains nobody else")
  func cohorts() async throws {
    let simulation = Simulation(
      Self.task, Self.algorithm, try Self.parties(.iid, 20), SimulationConfiguration(cohort: .fraction(0.25)))
    let records = try await run(simulation, rounds: 4)
    let cohorts = records.map { $0.parties.map(\.party) }
    #expect(cohorts.allSatisfy { $0.count == 5 && $0 == $0.sorted() })
    #expect(Set(cohorts).count > 1)
    #expect(records.allSatisfy { $0.bytesUp == $0.bytesDown && $0.bytesUp == 5 * (4 * 2410 + 128) })
  }

  @Test("tells what each party did")
  func partyRecords() async throws {
    let parties = try Self.parties(.quantity(alpha: 1), 6)
    let simulation = Simulation(
      Self.task, FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 2, batchSize: 16)), parties)
    let record = try #require(try await run(simulation, rounds: 1).first)
    for (party, entry) in record.parties.enumerated() {
      #expect(entry.party == party)
      #expect(entry.name == parties.name(of: party))
      #expect(entry.samples == parties[party].count)
      #expect(entry.steps == 2 * ((parties[party].count + 15) / 16))
      #expect(entry.trainLoss > 0)
    }
    let weighted = record.parties.reduce(0) { $0 + $1.trainLoss * Double($1.samples) }
    #expect(abs(weighted / Double(parties.exampleCount) - record.trainLoss) < 1e-9)
  }

  @Test("stops with the names of round and party when the loss leaves the finite numbers, keeping what was")
  func diverges() async throws {
    let simulation = Simulation(
      Self.task, FederatedAveraging(local: .sgd(learningRate: 1e20, epochs: 1, batchSize: 16)), try Self.parties())
    let error = await #expect(throws: FluxionError.self) { try await self.run(simulation, rounds: 3) }
    #expect(error?.code == .diverged)
    #expect(error?.message.contains("round 1 at party 0") == true)

    // The rate grows until it is too high.
    let growing = LocalTraining(.sgd(learningRate: 0.1), batchSize: 16, schedule: .exponential(factor: 1e6))
    let late = Simulation(Self.task, FederatedAveraging(local: growing), try Self.parties())
    var records: [RoundRecord] = []
    await #expect(throws: FluxionError.self) {
      for try await record in late.rounds(20) { records.append(record) }
    }
    #expect(!records.isEmpty)
    #expect(late.parameters != nil)
  }

  @Test("ends at the target accuracy, when patience does, or when asked to")
  func ends() async throws {
    let parties = try Self.parties(.iid)
    let target = Simulation(
      Self.task, Self.algorithm, parties, SimulationConfiguration(targetAccuracy: 0.6))
    let records = try await run(target, rounds: 100)
    #expect(records.count < 100)
    #expect(try #require(records.last?.testAccuracy) >= 0.6)

    let frozen = Simulation(
      Self.task, FederatedAveraging(local: .sgd(learningRate: 0, batchSize: 16)), parties,
      SimulationConfiguration(patience: 2))
    #expect(try await run(frozen, rounds: 100).count == 4)
    #expect(frozen.stopReason == .noImprovement(evaluations: 3))

    let stopped = Simulation(Self.task, Self.algorithm, parties)
    var count = 0
    for try await _ in stopped.rounds(100) {
      count += 1
      if count == 3 { stopped.stop() }
    }
    #expect(count == 3)
    #expect(stopped.stopReason == .requested)
  }

  @Test("evaluates every so many rounds, and not at all without a test set")
  func evaluation() async throws {
    let sparse = Simulation(
      Self.task, Self.algorithm, try Self.parties(), SimulationConfiguration(evaluateEvery: 2))
    #expect(try await run(sparse, rounds: 3).map { $0.testLoss != nil } == [false, true, true])
    let untested = Simulation(
      Self.task, Self.algorithm, try Dataset.digits().partitioned(.iid, parties: 4, seed: 1))
    #expect(try await run(untested, rounds: 2).map { $0.testLoss != nil } == [false, false])
  }

  @Test("one party alone is that party's own training, and pooled training sees everything")
  func baselines() async throws {
    let parties = try Self.parties()
    let simulation = Simulation(Self.task, Self.algorithm, parties, SimulationConfiguration(threads: 2))
    let alone = try await simulation.trainEachAlone(epochs: 12)
    #expect(alone.count == 10)
    #expect(try await simulation.trainAlone(party: 3, epochs: 12) == alone[3])
    // Two labels of ten.
    #expect(alone.allSatisfy { ($0.accuracy ?? 1) < 0.45 })
    let pooled = try await simulation.trainPooled(epochs: 12)
    #expect(try #require(pooled.accuracy) > 0.85)
    await #expect(throws: FluxionError.self) { try await simulation.trainAlone(party: 10, epochs: 1) }
    await #expect(throws: FluxionError.self) { try await simulation.trainPooled(epochs: 0) }
  }

  @Test("a transform acts on every update before it is folded in")
  func transforms() async throws {
    struct Halve: UpdateTransform {
      func apply(to update: UnsafeMutableBufferPointer<Float>, key: RandomKey) {
        for index in update.indices { update[index] /= 2 }
      }
    }
    struct Halved: FederatedAlgorithm {
      let base: FederatedAveraging
      let transforms: [any UpdateTransform]
      var name: String { "halved" }
      func initialState(for parameters: Parameters) throws -> FederatedAveraging.State {
        try base.initialState(for: parameters)
      }
      func plan(round: Int, state: FederatedAveraging.State) throws -> RoundPlan {
        var plan = try base.plan(round: round, state: state)
        plan.transforms = transforms
        return plan
      }
      func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout FederatedAveraging.State) throws {
        try base.step(&parameters, aggregate, state: &state)
      }
    }
    func change(_ transforms: [any UpdateTransform]) async throws -> [Float] {
      let simulation = Simulation(
        Self.task, Halved(base: Self.algorithm, transforms: transforms), try Self.parties())
      _ = try await run(simulation, rounds: 1)
      let start = try Self.task.initialParameters(input: [8, 8, 1], key: RandomKey(seed: 0).folding("parameters"))
      return zip(try #require(simulation.parameters).values, start.values).map { $0 - $1 }
    }
    let (whole, half) = (try await change([]), try await change([Halve()]))
    #expect(zip(whole, half).allSatisfy { abs($0 / 2 - $1) < 1e-6 })
    #expect(half.contains { abs($0) > 1e-3 })
  }

  @Test("a proximal term keeps clients near the global parameters")
  func proximal() async throws {
    func drift(_ objective: Objective) async throws -> Float {
      let local = LocalTraining(.sgd(learningRate: 0.05), epochs: 5, batchSize: 16, objective: objective)
      let simulation = Simulation(Self.task, FederatedAveraging(local: local), try Self.parties())
      _ = try await run(simulation, rounds: 1)
      let start = try Self.task.initialParameters(input: [8, 8, 1], key: RandomKey(seed: 0).folding("parameters"))
      return zip(try #require(simulation.parameters).values, start.values).reduce(0) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      }.squareRoot()
    }
    let (free, held, still) = (
      try await drift(Objective()), try await drift(.proximal(10)), try await drift(.proximal(0))
    )
    #expect(held < free / 4)
    // Not towards the origin: the start is no further than the drift.
    #expect(held > 0)
    #expect(abs(still - free) < 1e-4)
  }
}

@Suite("A simulation that cannot be")
struct BadSimulationTests {
  /// Runs one round of something that does not fit, and returns what it says.
  private func complaint<Algorithm>(
    _ task: LearningTask, _ algorithm: Algorithm, _ configuration: SimulationConfiguration = SimulationConfiguration(),
    rounds: Int = 1
  ) async throws -> FluxionError? where Algorithm: FederatedAlgorithm {
    let simulation = Simulation(task, algorithm, try SimulationTests.parties(), configuration)
    return await #expect(throws: FluxionError.self) { for try await _ in simulation.rounds(rounds) {} }
  }

  @Test("says so when task and data do not fit")
  func tasks() async throws {
    let narrow = LearningTask(.mlp(hidden: [4], classes: 9), loss: .softmaxCrossEntropy)
    #expect(try await complaint(narrow, SimulationTests.algorithm)?.message.contains("10 classes") == true)
    let wide = LearningTask(.mlp(hidden: [4], classes: 3), loss: .meanSquaredError)
    #expect(try await complaint(wide, SimulationTests.algorithm)?.code == .shapeMismatch)
  }

  @Test(
    "says so when settings cannot hold",
    arguments: [
      SimulationConfiguration(threads: 0), SimulationConfiguration(cohort: .count(11)),
      SimulationConfiguration(cohort: .fraction(2)), SimulationConfiguration(evaluateEvery: -1),
      SimulationConfiguration(targetAccuracy: 2), SimulationConfiguration(patience: -2),
      SimulationConfiguration(evaluateEvery: 0, targetAccuracy: 0.9),
    ])
  func configurations(configuration: SimulationConfiguration) async throws {
    _ = try await complaint(SimulationTests.task, SimulationTests.algorithm, configuration)
  }

  @Test(
    "says so for local training that cannot be",
    arguments: [
      LocalTraining.sgd(learningRate: -1), .sgd(learningRate: .nan), .sgd(learningRate: 0.1, epochs: 0),
      .sgd(learningRate: 0.1, batchSize: 0), LocalTraining(.sgd(learningRate: 0.1), objective: .linear),
    ])
  func training(local: LocalTraining) async throws {
    _ = try await complaint(SimulationTests.task, FederatedAveraging(local: local))
  }

  @Test("says so for no rounds")
  func noRounds() async throws {
    _ = try await complaint(SimulationTests.task, SimulationTests.algorithm, rounds: 0)
  }
}
