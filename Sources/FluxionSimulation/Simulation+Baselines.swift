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
    return try await trainUnfederated([party], epochs: epochs) { [partition] in partition[$0] }[0]
  }

  /// Trains each party on its own data alone, several at once on the simulation's threads.
  ///
  /// - Throws: as ``trainAlone(party:epochs:)``.
  public func trainEachAlone(epochs: Int) async throws -> [Evaluation] {
    try await trainUnfederated(Array(partition.indices), epochs: epochs) { [partition] in partition[$0] }
  }

  /// Trains on the data of all parties in one place, from where the federation begins, and evaluates on the test set.
  ///
  /// - Throws: as ``trainAlone(party:epochs:)``.
  public func trainPooled(epochs: Int) async throws -> Evaluation {
    let pooled = partition.pooled
    return try await trainUnfederated([partition.count], epochs: epochs) { _ in pooled }[0]
  }

  /// Federations of one: each client's model depends on its own data alone.
  private func trainUnfederated(
    _ clients: [Int], epochs: Int, examples: @escaping @Sendable (Int) -> DatasetView
  ) async throws -> [Evaluation] {
    guard epochs >= 1 else {
      throw FluxionError(.invalidArgument, "training takes at least 1 epoch; it was given \(epochs)")
    }
    let world = try world()
    let algorithm = algorithm
    let results = Slots<Result<Parameters, any Error>>(count: clients.count)
    await world.pool.run(items: clients.count) { _, item in
      let result = Result {
        try Self.trainOne(clients[item], algorithm, world, epochs: epochs, examples: examples)
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
    _ client: Int, _ algorithm: Algorithm, _ world: SimulatedWorld, epochs: Int,
    examples: @escaping @Sendable (Int) -> DatasetView
  ) throws -> Parameters {
    var parameters = world.initialParameters
    var state = try algorithm.initialState(for: parameters)
    var memory = ClientMemory()
    var (epoch, round) = (0, 0)
    while epoch < epochs {
      round += 1
      let plan = try algorithm.plan(round: round, state: state)
      let request = TrainingRequest(
        round: round, clients: [client], plan: plan, parameters: parameters, key: world.key.folding("round", round))
      memory.train(client, try world.transport.prepare(request, examples: examples))
      for report in memory.takeReports(round: round) {
        guard case .trained(let metrics) = report.outcome else {
          throw FluxionError(.diverged, "training without a federation failed in round \(round): \(report.outcome)")
        }
        var sum = plan.aggregator.makeAccumulator(count: parameters.layout.count)
        try memory.merge(round: round, into: &sum)
        let aggregate = Aggregate(
          round: round, update: try sum.finish(), trainLoss: metrics.trainLoss, clients: 1)
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
