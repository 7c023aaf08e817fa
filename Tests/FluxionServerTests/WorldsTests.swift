import FluxionCoordination
import FluxionFederation
import FluxionLearning
import Testing

@Suite("One coordinator, several worlds", .timeLimit(.minutes(10)))
struct WorldsTests {
  private static let local = LocalTraining.sgd(learningRate: 0.1, epochs: 1, batchSize: 16)

  /// What both worlds come to with the same seed and partition.
  private func outcomes<Algorithm: FederatedAlgorithm>(_ federation: Federation<Algorithm>) async throws {
    let here = try await federation.run(.inProcess)
    let there = try await federation.run(.loopback)
    #expect(here.stopReason == .completed)
    #expect(there.stopReason == .completed)
    #expect(here.parameters.bits == there.parameters.bits)
    #expect(here.records.map(\.trainLoss) == there.records.map(\.trainLoss))
    #expect(here.records.map { $0.parties.map(\.party) } == there.records.map { $0.parties.map(\.party) })
    #expect(here.records.map { $0.parties.map(\.steps) } == there.records.map { $0.parties.map(\.steps) })
  }

  @Test("three clients over loopback end with the simulator's parameters, bit for bit")
  func three() async throws {
    try await outcomes(try Federation(FederatedAveraging(local: Self.local)))
  }

  @Test("three clients that enrol, and train over mutual TLS, end with the same parameters, bit for bit")
  func threeOverTLS() async throws {
    let federation = try Federation(FederatedAveraging(local: Self.local))
    let (here, there) = try await (federation.run(.inProcess), federation.run(.mutualTLS))
    #expect(there.stopReason == .completed)
    #expect(here.parameters.bits == there.parameters.bits)
    #expect(there.records.allSatisfy { $0.parties.map(\.party) == [0, 1, 2] })
  }

  @Test("so do clients whose models are too large for one message, and who wait until the server has room for them")
  func large() async throws {
    let task = LearningTask(.mlp(hidden: [200], classes: 10), loss: .softmaxCrossEntropy)
    var federation = try Federation(FederatedAveraging(local: Self.local), task, parties: 8)
    federation.updatesAtOnce = 1
    try await outcomes(federation)
  }

  @Test("so do ten, of which a round selects four", .timeLimit(.minutes(10)))
  func ten() async throws {
    var federation = try Federation(FederatedAveraging(local: Self.local), parties: 10)
    federation.cohort = .count(4)
    federation.rounds = 4
    try await outcomes(federation)
  }

  @Test(
    "every kind of work that can be sent gives the simulator's bits",
    arguments: ["adam, uniform", "decay of learning rate", "all at once", "proximal", "dropout", "median", "fedsgd"])
  func kinds(name: String) async throws {
    switch name {
    case "adam, uniform":
      let local = LocalTraining(.adam(learningRate: 0.01), epochs: 2, batchSize: 10)
      try await outcomes(
        try Federation(FederatedAveraging(local: local, weighting: .uniform, server: .adam(learningRate: 0.01))))
    case "decay of learning rate":
      let local = LocalTraining(
        .momentum(learningRate: 0.1, momentum: 0.9), epochs: 1, batchSize: 16, objective: .l2(1e-3),
        schedule: .exponential(factor: 0.5))
      try await outcomes(try Federation(FederatedAveraging(local: local)))
    case "all at once":
      try await outcomes(try Federation(FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 2, batchSize: nil))))
    case "proximal":
      let local = LocalTraining(
        .sgd(learningRate: 0.1), epochs: 2, batchSize: 16, objective: .l2(0.01) + .proximal(0.1))
      try await outcomes(try Federation(FederatedAveraging(local: local)))
    case "dropout":
      let model = Model {
        Flatten()
        Dense(16)
        Dropout(0.5)
        Dense(10)
      }
      try await outcomes(
        try Federation(FederatedAveraging(local: Self.local), LearningTask(model, loss: .softmaxCrossEntropy)))
    case "median":
      try await outcomes(try Federation(FederatedAveraging(local: Self.local, aggregator: CoordinateMedian())))
    default:
      try await outcomes(try Federation(FederatedSGD(learningRate: 0.5)))
    }
  }
}
