import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import FluxionStore
import Testing

@Suite("A simulation that is ended and goes on")
struct ResumedRunTests {
  static let rounds = 4
  private static let task = LearningTask(.logistic(classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy])
  private static let local = LocalTraining(
    .momentum(learningRate: 0.05, momentum: 0.5).with(weightDecay: 1e-3), epochs: 1, batchSize: 32,
    objective: .proximal(0.01))

  private static func partition() throws -> Partition {
    try Dataset.digits().split(testFraction: 0.2, seed: 1)
      .partitioned(.dirichlet(alpha: 0.5), parties: 5, seed: 7, validation: .parties(0.2))
  }

  private static func partitionWithServersShare() throws -> Partition {
    try Dataset.digits().split(testFraction: 0.2, seed: 1)
      .partitioned(.dirichlet(alpha: 0.5), parties: 5, seed: 7, validation: .server(0.1))
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var task = ResumedRunTests.task
    var partition: @Sendable () throws -> Partition = { try ResumedRunTests.partition() }
    var change: @Sendable (inout SimulationConfiguration) -> Void = { _ in }
    let algorithm: @Sendable (Partition) throws -> any FederatedAlgorithm
  }

  private static func tuned(_ mode: Tuning.Mode, learningRate: Float = 0.01) -> Row {
    var row = Row(testDescription: "fedavg, everything tuned, \(mode.rawValue), learning rate \(learningRate)") {
      partition in
      let local = LocalTraining(
        .momentum(learningRate: learningRate, momentum: 0.5).with(weightDecay: 1e-3), epochs: 1, batchSize: 32,
        objective: .proximal(0.01))
      var algorithm = TunedAveraging(
        FederatedAveraging(local: local, server: .momentum(learningRate: 0.8, momentum: 0.3)),
        Tuning(TunedHyperparameter.allCases, mode: mode))
      if mode == .server, let examples = partition.validation {
        let gradient = try LossGradient(task, examples)
        algorithm.serverLoss = { try gradient(at: $0.values) }
      }
      return algorithm
    }
    row.partition = { try partitionWithServersShare() }
    row.change = { $0.cohort = .count(4) }
    return row
  }

  static let rows: [Row] = {
    var plateau = local
    plateau.schedule = .onPlateau(factor: 0.5, patience: 0, threshold: 0.5)
    let scheduled = plateau
    var dropout = Row(testDescription: "fedavg, dropout, adam at the parties") { _ in
      FederatedAveraging(local: LocalTraining(.adam(learningRate: 0.01), epochs: 2, batchSize: 16))
    }
    dropout.task = LearningTask(
      Model {
        Flatten()
        Dense(8)
        ReLU()
        Dropout(0.3)
        Dense(10)
      }, loss: .softmaxCrossEntropy, metrics: [.accuracy])
    var servers = Row(testDescription: "fedavg, weights learned at the server") { partition in
      LearnedWeighting(
        local: local, validation: .server(try LossGradient(task, partition.validation ?? partition.pooled)))
    }
    servers.partition = { try partitionWithServersShare() }
    return [
      Row(
        testDescription: "fedavg, analysed, a cohort of three, seldom evaluated",
        change: {
          $0.cohort = .count(3)
          $0.analysis = GradientAnalysis(every: 2)
          $0.evaluateEvery = 3
        }
      ) { _ in FederatedAveraging(local: local) },
      Row(testDescription: "fedavg, momentum at the server") { _ in
        FederatedAveraging(local: local, server: .momentum())
      },
      Row(testDescription: "fedavg, adam at the server") { _ in FederatedAveraging(local: local, server: .adam()) },
      Row(testDescription: "fedavg, median, plateau") { _ in
        FederatedAveraging(local: scheduled, aggregator: CoordinateMedian())
      },
      Row(testDescription: "fedsgd, adam") { _ in FederatedSGD(server: .adam(learningRate: 0.01)) },
      Row(testDescription: "differentiable-averaging, geometric median") { _ in
        DifferentiableAveraging(local: local, aggregator: try GeometricMedian(), rate: 0.1)
      },
      Row(testDescription: "fedavg, weights learned at the parties", change: { $0.cohort = .count(3) }) { _ in
        LearnedWeighting(local: local, validation: .parties, server: .momentum())
      },
      Row(testDescription: "fedavg, no patience", change: { $0.patience = 0 }) { _ in
        FederatedAveraging(local: .sgd(learningRate: 3, epochs: 1, batchSize: 32))
      },
      Row(testDescription: "fedavg, a target", change: { $0.targetAccuracy = 0.5 }) { _ in
        FederatedAveraging(local: local)
      },
      Row(
        testDescription: "fedbuff, adam at the server",
        change: {
          ($0.cohort, $0.virtualTime) = (
            .count(4),
            VirtualTime(
              devices: .uneven(spread: 1), StragglerPolicy(pace: .buffered(2), late: .buffered(StalenessWeighting())))
          )
        }
      ) { _ in FederatedAveraging(local: scheduled, server: .adam()) },
      Row(
        testDescription: "fedavg, over-selected, late updates counted",
        change: {
          ($0.cohort, $0.virtualTime) = (
            .count(2),
            VirtualTime(
              devices: .uneven(spread: 1), StragglerPolicy(overSelection: 2, late: .buffered(StalenessWeighting())))
          )
        }
      ) { _ in FederatedAveraging(local: local) },
      Row(
        testDescription: "fedavg, a deadline that rounds miss",
        change: {
          ($0.cohort, $0.virtualTime) = (
            .count(3),
            VirtualTime(devices: .uneven(spread: 1), StragglerPolicy(quorum: 0.6, deadline: .milliseconds(300)))
          )
        }
      ) { _ in FederatedAveraging(local: local) },
      servers, dropout, tuned(.shared), tuned(.perParty), tuned(.server), tuned(.perParty, learningRate: 50),
    ]
  }()

  private struct Outcome: Equatable {
    var parameters: [UInt32]
    var records: [RoundRecord]
    var stopReason: StopReason?
  }

  /// Runs so many rounds at most of what a store has, in a world of its own.
  private func run(_ row: Row, _ store: any Store, rounds: Int = .max) async throws -> Outcome {
    let partition = try row.partition()
    func run<Algorithm: FederatedAlgorithm>(_ algorithm: Algorithm) async throws -> Outcome {
      var configuration = SimulationConfiguration(seed: 3, threads: 2)
      row.change(&configuration)
      let simulation = Simulation(row.task, algorithm, partition, configuration)
      var count = 0
      if rounds > 0 {
        for try await _ in simulation.rounds(Self.rounds, keptIn: store) {
          count += 1
          if count == rounds { break }
        }
      }
      return Outcome(
        parameters: simulation.parameters?.values.map(\.bitPattern) ?? [],
        records: try await store.history().rounds.map(\.timeless), stopReason: simulation.stopReason)
    }
    return try await run(try row.algorithm(partition))
  }

  @Test(
    "comes to the bits and records of an undisturbed run, ended after any round and after every one", arguments: rows)
  func resumes(row: Row) async throws {
    let expected = try await run(row, InMemoryStore())
    #expect(expected.stopReason != nil)
    func resumed(_ stops: [Int]) async throws -> Outcome {
      let folder = try Folder()
      for rounds in stops + [.max] {
        let store = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
        defer { store.close() }
        let outcome = try await run(row, store, rounds: rounds)
        if rounds == .max { return outcome }
      }
      return expected
    }
    #expect(try await resumed([]) == expected)
    for rounds in 1...Self.rounds { #expect(try await resumed([rounds]) == expected, "ended after \(rounds) rounds") }
    #expect(try await resumed([Int](repeating: 1, count: Self.rounds + 1)) == expected)
  }
}

extension RoundRecord {
  /// Without what the clock says.
  fileprivate var timeless: RoundRecord {
    var record = self
    (record.seconds, record.evaluationSeconds) = (0, 0)
    record.analysisSeconds = record.analysisSeconds.map { _ in 0 }
    for index in record.parties.indices { record.parties[index].seconds = 0 }
    return record
  }
}
