import FluxionCalculus
import FluxionFederation
import FluxionLearning
import Foundation
import Testing

/// What every algorithm promises. A new one is a new row.
@Suite("Every federated algorithm")
struct AlgorithmContractTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let algorithm: any FederatedAlgorithm

    init(_ name: String, _ algorithm: any FederatedAlgorithm) { (testDescription, self.algorithm) = (name, algorithm) }
  }

  static let rows: [Row] = {
    let local = LocalTraining.sgd(learningRate: 0.1, epochs: 2, batchSize: 4)
    return [
      Row("fedavg", FederatedAveraging(local: local)),
      Row("fedavg, uniform", FederatedAveraging(local: local, weighting: .uniform)),
      Row(
        "fedavg, scheduled",
        FederatedAveraging(
          local: LocalTraining(.sgd(learningRate: 0.1), schedule: .onPlateau(factor: 0.5, patience: 0)))),
      Row("fedavgm", FederatedAveraging(local: local, server: .momentum())),
      Row("fedadam", FederatedAveraging(local: local, server: .adam())),
      Row("fedyogi", FederatedAveraging(local: local, server: .yogi())),
      Row("fedadagrad", FederatedAveraging(local: local, server: .adagrad())),
      Row("fedsgd", FederatedSGD(learningRate: 0.1)),
      Row("fedsgd, adam", FederatedSGD(server: .adam())),
      Row("fedavg, tuned", TunedAveraging(FederatedAveraging(local: local), Tuning([.learningRate]))),
      Row(
        "fedavg, tuned at the server",
        TunedAveraging(
          FederatedAveraging(local: local, server: .momentum()), Tuning([.serverLearningRate, .learningRate]))),
      Row("fedavg, median", FederatedAveraging(local: local, aggregator: CoordinateMedian())),
      Row("differentiable-averaging", DifferentiableAveraging(local: local, rate: 0.1)),
      Row(
        "differentiable-averaging, median, fedadam",
        DifferentiableAveraging(local: local, aggregator: CoordinateMedian(), rate: 0.1, server: .adam())),
      Row("fedavg, learned weights", LearnedWeighting(local: local, validation: .parties)),
      Row("cautious-averaging", CautiousAveraging(local: local, limit: 0.01)),
    ]
  }()

  static func parameters() throws -> Parameters {
    let layout = try ParameterLayout([("weight", [2, 3]), ("bias", [3])])
    return try Parameters(layout: layout, values: (0..<9).map { Float($0) / 8 - 0.5 })
  }

  /// What came of two updates, for algorithms that look at the mean or at each.
  static func aggregate(_ round: Int, scale: Float = 1) -> Aggregate {
    let update = (0..<9).map { scale * Float(($0 * 5 + round) % 9 - 4) / 64 }
    let figures = [ClientMetrics.validationSamples: 5.0]
    let metrics = ClientMetrics(samples: 10, steps: 1, lossSum: 10, lossCount: 10, seconds: 0, figures: figures)
    return Aggregate(
      round: round, update: update, trainLoss: 1 + 0.1 * Double(round),
      contributions: [0, 1].map { Aggregate.Contribution(client: $0, metrics: metrics) },
      updates: [
        ClientUpdate(client: 0, weight: 10, values: update.map { 3 * $0 }, gradient: update),
        ClientUpdate(client: 1, weight: 10, values: update.map { -$0 }, gradient: update.reversed()),
      ])
  }

  @Test("moves the parameters, and to the same bits from the same state", arguments: rows)
  func replays(row: Row) throws {
    func run<Algorithm: FederatedAlgorithm>(_ algorithm: Algorithm, encoding: Bool) throws -> [UInt32] {
      var parameters = try Self.parameters()
      var state = try algorithm.initialState(for: parameters)
      for round in 1...4 {
        // As a restart between any two rounds would.
        if encoding {
          state = try JSONDecoder().decode(Algorithm.State.self, from: JSONEncoder().encode(state))
          parameters = try JSONDecoder().decode(Parameters.self, from: JSONEncoder().encode(parameters))
        }
        _ = try algorithm.plan(round: round, state: state)
        try algorithm.step(&parameters, Self.aggregate(round), state: &state)
      }
      return parameters.values.map(\.bitPattern)
    }
    let once = try run(row.algorithm, encoding: false)
    #expect(once != (try Self.parameters()).values.map(\.bitPattern))
    #expect(try run(row.algorithm, encoding: false) == once)
    #expect(try run(row.algorithm, encoding: true) == once)
  }

  @Test("refuses an update that leads out of the finite numbers, keeping its word or the parameters", arguments: rows)
  func finite(row: Row) throws {
    func step<Algorithm: FederatedAlgorithm>(_ algorithm: Algorithm) throws {
      var parameters = try Self.parameters()
      var state = try algorithm.initialState(for: parameters)
      var aggregate = Self.aggregate(1)
      aggregate.update[4] = .infinity
      aggregate.updates?[0].values[4] = .infinity
      // An algorithm may bring such an update back to earth; it may not pass it on.
      do {
        try algorithm.step(&parameters, aggregate, state: &state)
        Issue.record("an infinite update was taken: \(parameters.values)")
      } catch let error as FluxionError {
        #expect(error.code == .diverged)
      }
    }
    if row.algorithm is CautiousAveraging { return }
    try step(row.algorithm)
  }

  @Test("refuses an update of another length", arguments: rows.filter { !($0.algorithm is CautiousAveraging) })
  func length(row: Row) throws {
    func step<Algorithm: FederatedAlgorithm>(_ algorithm: Algorithm) throws {
      var parameters = try Self.parameters()
      var state = try algorithm.initialState(for: parameters)
      var aggregate = Self.aggregate(1)
      aggregate.update.removeLast()
      for index in 0..<2 { aggregate.updates?[index].values.removeLast() }
      try algorithm.step(&parameters, aggregate, state: &state)
    }
    #expect(throws: FluxionError.self) { try step(row.algorithm) }
  }
}

@Suite("Federated averaging and SGD")
struct FederatedAveragingTests {
  @Test("adds the mean change to the bit when the server averages")
  func averaging() throws {
    var parameters = try AlgorithmContractTests.parameters()
    let start = parameters.values
    let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1))
    var state = try algorithm.initialState(for: parameters)
    let aggregate = AlgorithmContractTests.aggregate(1)
    try algorithm.step(&parameters, aggregate, state: &state)
    #expect(parameters.values == zip(start, aggregate.update).map { $0 + $1 })
  }

  @Test("takes one step of gradient descent along the mean gradient")
  func descent() throws {
    var parameters = try AlgorithmContractTests.parameters()
    let start = parameters.values
    let algorithm = FederatedSGD(learningRate: 0.25)
    var state = try algorithm.initialState(for: parameters)
    let aggregate = AlgorithmContractTests.aggregate(1)
    try algorithm.step(&parameters, aggregate, state: &state)
    #expect(parameters.values == zip(start, aggregate.update).map { $0 - 0.25 * $1 })
  }

  @Test("keeps the server's momentum in its state")
  func momentum() throws {
    var parameters = try AlgorithmContractTests.parameters()
    let start = parameters.values
    let algorithm = FederatedAveraging(
      local: .sgd(learningRate: 0.1), server: .momentum(learningRate: 1, momentum: 0.5))
    var state = try algorithm.initialState(for: parameters)
    let aggregate = AlgorithmContractTests.aggregate(1)
    try algorithm.step(&parameters, aggregate, state: &state)
    try algorithm.step(&parameters, aggregate, state: &state)
    // 1 + (1 + 1/2): every number here is exact in binary.
    for (index, value) in parameters.values.enumerated() {
      #expect(abs(value - (start[index] + 2.5 * aggregate.update[index])) < 1e-6)
    }
  }

  @Test("gives clients the learning rate and the batch size of the round")
  func schedules() throws {
    let local = LocalTraining(
      .sgd(learningRate: 0.8), batchSize: 8, schedule: .step(every: 2, factor: 0.5),
      batchSizeSchedule: .step(every: 2, factor: 2))
    let rates = try (1...5).map { try local.settled(inRound: $0).optimizer["learningRate"] }
    #expect(rates == [0.8, 0.8, 0.4, 0.4, 0.2])
    #expect(try (1...5).map { try local.settled(inRound: $0).batchSize } == [8, 8, 16, 16, 32])
  }

  @Test("lowers the learning rate when the training loss stays where it is")
  func plateau() throws {
    let algorithm = FederatedAveraging(
      local: LocalTraining(.sgd(learningRate: 0.8), schedule: .onPlateau(factor: 0.5, patience: 0)))
    var parameters = try AlgorithmContractTests.parameters()
    var state = try algorithm.initialState(for: parameters)
    var rates: [Float?] = []
    for round in 1...3 {
      guard case .training(let local) = try algorithm.plan(round: round, state: state).work else { continue }
      rates.append(local.optimizer["learningRate"])
      try algorithm.step(&parameters, AlgorithmContractTests.aggregate(round), state: &state)
    }
    #expect(rates == [0.8, 0.8, 0.4])
  }

  @Test("weighs by samples or gives everyone the same weight")
  func weighting() {
    #expect(Weighting.samples.weight(samples: 17) == 17)
    #expect(Weighting.uniform.weight(samples: 17) == Weighting.uniform.weight(samples: 3))
  }
}
