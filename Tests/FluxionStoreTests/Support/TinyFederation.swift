import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import FluxionStore
import Foundation

/// A federation of two clients that answer by a formula: a run of it takes no time but the store's.
struct TinyFederation {
  static let identity = RunIdentity([("rounds", "5"), ("seed", "7")])
  static let rounds = 5

  /// What a run came to: the parameters' bits and every record.
  struct Outcome: Equatable {
    var parameters: [UInt32]
    var records: [RoundRecord]
    var stopReason: StopReason?
  }

  struct Clients: Transport {
    func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) {
      for client in request.clients {
        let change = request.parameters.values.map { (Float(client) + 1) / 7 - $0 / 3 + Float(request.round) / 11 }
        let metrics = ClientMetrics(
          samples: client + 1, steps: 1, lossSum: Double(change[0]), lossCount: 1, seconds: 0)
        deliver(
          ReportBatch(
            reports: [ClientReport(round: request.round, client: client, outcome: .trained(metrics))],
            updates: Update(client: client, weight: client + 1, values: change)))
      }
    }

    func endRound(_ round: Int) {}
  }

  private struct Update: UpdateSource {
    let client: Int
    let weight: Int
    let values: [Float]

    func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) throws {
      try values.withUnsafeBufferPointer { try sum.fold($0, weight: weight, client: client) }
    }
  }

  /// The run's coordinator.
  static func coordinator(_ store: any Store) throws -> Coordinator<FederatedAveraging> {
    try Coordinator(
      FederatedAveraging(local: .sgd(learningRate: 0.1), server: .adam()),
      CoordinatorConfiguration(
        policy: RoundPolicy(clients: 2, rounds: rounds, key: RandomKey(seed: 7), patience: 3),
        parameters: Parameters(zerosFor: try ParameterLayout([("w", [3])])),
        evaluate: { Evaluation(loss: -Double($0.values[0]), examples: 1) }),
      transport: Clients(), clock: VirtualClock(), store: store)
  }

  /// Goes on with the run that a store has, for so many rounds at most.
  static func run(_ store: any Store, rounds: Int = .max) async throws -> Outcome {
    let coordinator = try coordinator(store)
    var count = 0
    while count < rounds, try await coordinator.nextRound() != nil { count += 1 }
    return Outcome(
      parameters: await coordinator.parameters.values.map(\.bitPattern), records: try await store.history().rounds,
      stopReason: await coordinator.stopReason)
  }

  /// As ``run(_:rounds:)``, in a folder.
  static func run(in folder: Folder, rounds: Int = .max, disk: Disk = Disk()) async throws -> Outcome {
    let store = try SQLiteStore(at: folder.url, of: identity, disk: disk)
    defer { store.close() }
    return try await run(store, rounds: rounds)
  }

  /// What an undisturbed run comes to.
  static func undisturbed() async throws -> Outcome { try await run(InMemoryStore()) }
}
