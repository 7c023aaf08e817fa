public import FluxionCoordination
public import FluxionData
public import FluxionFederation
public import FluxionLearning
import FluxionCalculus
import Synchronization

/// A federation in one process: every party is a simulated client, and several train at once on threads.
///
/// The coordinator, its policy and the algorithm are those of a real federation; only the world is another. One seed
/// gives one result, to the bit, whatever the number of threads.
///
/// ```swift
/// let parties = try Dataset.digits().split(testFraction: 0.2, seed: 1).partitioned(.iid, parties: 10, seed: 7)
/// let task = LearningTask(.mlp(hidden: [64], classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy])
/// let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 32))
/// let simulation = Simulation(task, algorithm, parties)
/// for try await round in simulation.rounds(20) { print(round) }
/// let model = simulation.parameters
/// ```
public final class Simulation<Algorithm: FederatedAlgorithm>: Sendable {
  public let task: LearningTask
  public let algorithm: Algorithm
  public let partition: Partition
  public let configuration: SimulationConfiguration

  private struct Progress {
    var world: SimulatedWorld?
    var coordinator: Coordinator<Algorithm>?
    var parameters: Parameters?
    var stopReason: StopReason?
  }

  private let progress = Mutex(Progress())

  /// - Parameters:
  ///   - partition: the parties' data, and the test set beside them on which the global model is judged.
  public init(
    _ task: LearningTask, _ algorithm: Algorithm, _ partition: Partition,
    _ configuration: SimulationConfiguration = SimulationConfiguration()
  ) {
    self.task = task
    self.algorithm = algorithm
    self.partition = partition
    self.configuration = configuration
  }

  /// The global parameters after the latest recorded round; nil before the first.
  public var parameters: Parameters? { progress.withLock { $0.parameters } }

  /// Why the latest run ended; nil while it goes on.
  public var stopReason: StopReason? { progress.withLock { $0.stopReason } }

  /// A run as a sequence of what each round did. It trains as it is iterated over.
  ///
  /// With a store that has this run already, the sequence goes on after the last round on record, to the same bits as
  /// if there had been no break, and ends at once if the run was at its end; the store's history has the rounds before.
  /// Otherwise the run begins from the beginning.
  ///
  /// Iterating throws ``FluxionError``: before the first round if task, algorithm, data and configuration do not fit
  /// each other, and with code `diverged`, naming round and party, if training leaves the finite numbers. Rounds
  /// recorded until then stand, and so do ``parameters``.
  ///
  /// - Parameters:
  ///   - store: where the run is kept; by default nowhere.
  ///   - remote: the parties that train, in place of the partition's.
  public func rounds(
    _ count: Int, keptIn store: any Store = NoStore(), with remote: RemoteParties? = nil
  ) -> Rounds {
    Rounds(simulation: self, count: count, store: store, remote: remote)
  }

  /// Ends the run at hand: its sequence comes to an end.
  public func stop() { progress.withLock { $0.coordinator }?.stop() }

  /// How good a model is on some examples; on the test set if none are given.
  ///
  /// - Throws: ``FluxionError/Code/invalidArgument`` without examples to evaluate on.
  public func evaluate(_ parameters: Parameters, on examples: DatasetView? = nil) async throws -> Evaluation {
    guard let examples = examples ?? partition.test else {
      throw FluxionError(.invalidArgument, "there is no test set to evaluate on; split the dataset first")
    }
    return try await world().evaluation.evaluate(parameters, on: examples)
  }
}

extension Simulation {
  /// What the rounds of a run did, in order.
  public struct Rounds: AsyncSequence, Sendable {
    let simulation: Simulation
    let count: Int
    let store: any Store
    let remote: RemoteParties?

    public func makeAsyncIterator() -> Iterator { Iterator(rounds: self) }

    public struct Iterator: AsyncIteratorProtocol {
      private let rounds: Rounds
      private var coordinator: Coordinator<Algorithm>?
      private var isAtEnd = false

      init(rounds: Rounds) { self.rounds = rounds }

      public mutating func next() async throws -> RoundRecord? {
        guard !isAtEnd else { return nil }
        let simulation = rounds.simulation
        do {
          let coordinator = try self.coordinator ?? simulation.begin(rounds)
          self.coordinator = coordinator
          let record = try await coordinator.nextRound()
          await simulation.note(coordinator)
          isAtEnd = record == nil
          return record
        } catch {
          isAtEnd = true
          if let coordinator { await simulation.note(coordinator) }
          throw error
        }
      }
    }
  }

  private func begin(_ rounds: Rounds) throws -> Coordinator<Algorithm> {
    let world = try world()
    let remote = rounds.remote
    let test = partition.test.flatMap { $0.isEmpty ? nil : $0 }
    if configuration.targetAccuracy != nil, !task.metrics.contains(.accuracy) {
      throw FluxionError(.invalidArgument, "a target accuracy needs a task with the metric accuracy")
    }
    if remote != nil, configuration.analysis != nil {
      throw FluxionError(.unsupported, "gradients are analysed where the data is; remote parties keep theirs")
    }
    // With remote parties time is real.
    let time = remote == nil ? configuration.virtualTime : nil
    try time?.devices.validate()
    var policy = RoundPolicy(
      clients: remote?.parties.count ?? partition.count, rounds: rounds.count, key: world.key,
      cohort: configuration.cohort,
      evaluateEvery: test == nil ? 0 : configuration.evaluateEvery, targetAccuracy: configuration.targetAccuracy,
      patience: configuration.patience, onFailure: remote == nil ? .stops : .goesOn)
    policy.stragglers = remote?.stragglers ?? time?.stragglers ?? StragglerPolicy()
    let partition = partition
    let virtual = time.map { world.inVirtualTime($0.devices, partition) }
    let transport: any Transport = remote?.transport ?? (virtual as (any Transport)?) ?? world.transport
    let clock: any RunClock = if let virtual { virtual.clock } else { WallClock() }
    let coordinator = try Coordinator(
      algorithm,
      CoordinatorConfiguration(
        policy: policy, parameters: world.initialParameters,
        evaluate: { parameters in
          guard let test else { return Evaluation() }
          return try await world.evaluation.evaluate(parameters, on: test)
        },
        name: { remote?.parties[$0].name ?? partition.name(of: $0) }, recordsClients: configuration.recordsParties,
        analysis: try analysis(in: world)),
      transport: transport, clock: clock, stopwatch: virtual == nil ? nil : WallClock(),
      store: remote?.watching(rounds.store) ?? rounds.store)
    progress.withLock {
      $0.coordinator = coordinator
      ($0.parameters, $0.stopReason) = (nil, nil)
    }
    return coordinator
  }

  private func analysis(in world: SimulatedWorld) throws -> CoordinatorConfiguration.Analysis? {
    guard let settings = configuration.analysis else { return nil }
    let analyst = try RoundAnalyst(task, partition, settings, world)
    return CoordinatorConfiguration.Analysis(settings) { try await analyst.analyze($0) }
  }

  private func note(_ coordinator: Coordinator<Algorithm>) async {
    let (parameters, stopReason) = await (coordinator.parameters, coordinator.stopReason)
    progress.withLock { progress in
      guard progress.coordinator === coordinator else { return }
      (progress.parameters, progress.stopReason) = (parameters, stopReason)
    }
  }

  func world() throws -> SimulatedWorld {
    try progress.withLock { progress in
      if let world = progress.world { return world }
      let world = try SimulatedWorld(task, partition, configuration)
      progress.world = world
      return world
    }
  }
}
