import FluxionCalculus
import FluxionCoordination
import FluxionData
public import FluxionFederation
import FluxionLearning

/// What a federation is compared with: the same engine and algorithm, and nobody to federate with.
extension Simulation {
  /// Trains on one party's data alone, from where the federation begins, and evaluates on the test set.
  ///
  /// - Parameter epochs: passes over the party's data; as many as in a federation of so many rounds times local epochs
  ///   for a fair comparison.
  /// - Throws: ``FluxionError/Code/invalidArgument`` for a party that does not exist, fewer than one epoch or no test
  ///   set; ``FluxionError/Code/diverged`` if training leaves the finite numbers.
  public func trainAlone(party: Int, epochs: Int) async throws -> Evaluation {
    guard partition.indices.contains(party) else {
      throw FluxionError(
        .invalidArgument, "there is no party \(party); parties are numbered from 0 to \(partition.count - 1)")
    }
    return try await trainUnfederated([party], epochs: epochs, name: nameAlone) { [partition] in partition[$0] }[0]
  }

  /// Trains each party on its own data alone, several at once on the simulation's threads.
  ///
  /// - Throws: as ``trainAlone(party:epochs:)``.
  public func trainEachAlone(epochs: Int) async throws -> [Evaluation] {
    try await trainUnfederated(Array(partition.indices), epochs: epochs, name: nameAlone) { [partition] in partition[$0]
    }
  }

  /// Trains on the data of all parties in one place, from where the federation begins, and evaluates on the test set.
  ///
  /// - Throws: as ``trainAlone(party:epochs:)``.
  public func trainPooled(epochs: Int) async throws -> Evaluation {
    let pooled = partition.pooled
    return try await trainUnfederated([partition.count], epochs: epochs, name: { _ in "on pooled data" }) { _ in pooled
    }[0]
  }

  private var nameAlone: @Sendable (Int) -> String { { [partition] in "at \(partition.name(of: $0)) alone" } }

  /// Federations of one: each client's model depends on its own data alone.
  private func trainUnfederated(
    _ clients: [Int], epochs: Int, name: @escaping @Sendable (Int) -> String,
    examples: @escaping @Sendable (Int) -> DatasetView
  ) async throws -> [Evaluation] {
    guard epochs >= 1 else {
      throw FluxionError(.invalidArgument, "training takes at least 1 epoch; it was given \(epochs)")
    }
    let world = try world()
    let algorithm = algorithm
    let results = Slots<Result<Parameters, any Error>>(count: clients.count)
    await world.pool.run(items: clients.count) { _, item in
      let result = Result {
        try Self.trainOne(
          clients[item], algorithm, world, epochs: epochs, name: name(clients[item]), examples: examples)
      }
      results.set(item, result)
    }
    var evaluations: [Evaluation] = []
    for result in results.values {
      evaluations.append(try await evaluate(try result.get()))
    }
    return evaluations
  }

  private static func trainOne(
    _ client: Int, _ algorithm: Algorithm, _ world: SimulatedWorld, epochs: Int, name: String,
    examples: @escaping @Sendable (Int) -> DatasetView
  ) throws -> Parameters {
    var parameters = world.initialParameters
    var state = try algorithm.initialState(for: parameters)
    var memory = ClientMemory()
    let memories = TuningMemories()
    var (epoch, round) = (0, 0)
    while epoch < epochs {
      round += 1
      let plan = try algorithm.plan(round: round, state: state)
      let request = TrainingRequest(
        round: round, clients: [client], plan: plan, parameters: parameters, key: world.key.folding("round", round))
      let common = try world.transport.prepare(request, memories, examples: examples)
      memory.train(client, common)
      for report in memory.takeReports(serial: common.serial) {
        let metrics: ClientMetrics
        switch report.outcome {
        case .trained(let told): metrics = told
        case .failed(let failure):
          throw FluxionError(
            failure.kind == .diverged ? .diverged : .unsupported,
            "training \(name) failed in epoch \(epoch + 1): \(failure.reason)")
        }
        var sum = plan.aggregator.makeAccumulator(count: parameters.layout.count)
        try memory.merge(serial: common.serial, into: &sum)
        let aggregate = Aggregate(
          round: round, update: try sum.finish(), trainLoss: metrics.trainLoss,
          contributions: [Aggregate.Contribution(client: client, metrics: metrics)], updates: sum.updates)
        try algorithm.step(&parameters, aggregate, state: &state)
      }
      epoch += plan.work.epochs
    }
    return parameters
  }
}

extension ClientWork {
  /// Passes over the client's data.
  fileprivate var epochs: Int {
    switch self {
    case .training(let local): max(local.epochs, 1)
    case .gradient: 1
    }
  }
}
