import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import Synchronization

/// The world of a simulation: every client lives in this process and trains on one of its threads.
///
/// A round costs no task and no message a client: threads train clients one after the other and fold each update into
/// a sum of their own while it is in cache; one batch of reports is delivered at the end.
final class InProcessTransport: Transport {
  private let task: LearningTask
  private let partition: Partition
  private let pool: WorkerPool
  /// One for each thread; only ever contended when a round is handed over.
  private let threads: [ThreadMemory]
  private let progress: ProgressReports?
  private let trainer = Mutex<LocalTrainer?>(nil)
  /// The compiled gradient of plans that tune hyperparameters, and what each party keeps from round to round.
  private let tuningTrainer = Mutex<LocalTrainer?>(nil)
  private let tuningMemories = TuningMemories()
  /// The compiled gradient of plans that ask for one behind the update.
  private let gradientTrainer = Mutex<LocalTrainer?>(nil)
  /// Hand-outs are numbered from 1.
  private let lastSerial = Atomic<Int>(0)
  /// Hand-outs up to this one are wanted no longer.
  private let endedSerial = Atomic<Int>(0)

  init(_ task: LearningTask, _ partition: Partition, pool: WorkerPool, progress: ProgressReports?) {
    self.task = task
    self.partition = partition
    self.pool = pool
    self.progress = progress
    threads = (0..<pool.threadCount).map { _ in ThreadMemory() }
  }

  func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) throws {
    let common = try prepare(request)
    let order = handOutOrder(of: request.clients)
    let serial = common.serial
    progress?.begin(round: request.round, clients: order.count)
    pool.start(items: order.count) { [self] worker, item in
      guard endedSerial.load(ordering: .relaxed) < serial else { return }
      threads[worker].withLock { $0.train(order[item], common) }
      progress?.clientTrained()
    } completion: { [self] in
      var reports: [ClientReport] = []
      reports.reserveCapacity(order.count)
      for memory in threads { reports += memory.withLock { $0.takeReports(serial: serial) } }
      reports.sort { $0.client < $1.client }
      deliver(ReportBatch(reports: reports, updates: ThreadSums(serial: serial, memories: threads)))
    }
  }

  /// One run at a time hands out work, so what was handed out last is of the round that ends.
  func endRound(_ round: Int) { endedSerial.store(lastSerial.load(ordering: .relaxed), ordering: .relaxed) }

  let endsWithCoordinator = true

  func memory() -> WorldMemory { WorldMemory(tuning: tuningMemories.all) }

  func restore(_ memory: WorldMemory) { tuningMemories.all = memory.tuning }

  /// What the clients of a request have in common, each with the examples of its party.
  func prepare(_ request: TrainingRequest) throws -> ClientMemory.Round {
    try prepare(
      request, tuningMemories, examples: { [partition] in partition[$0] },
      validation: { [partition] in partition.validation(of: $0) })
  }

  /// What the clients of a request have in common.
  func prepare(
    _ request: TrainingRequest, _ memories: TuningMemories,
    examples: @escaping @Sendable (_ client: Int) -> DatasetView,
    validation: (@Sendable (_ client: Int) -> DatasetView)? = nil
  ) throws -> ClientMemory.Round {
    let training = request.plan.work.training
    let trainer = try trainer(for: training)
    let work = ClientRound(
      round: request.round, parameters: request.parameters.values, work: request.plan.work.kind, trainer: trainer,
      hyperparameters: trainer.values(for: training), transforms: request.plan.transforms,
      tuning: try tuningWork(for: request, trainer, memories),
      gradient: try gradientWork(for: request.plan, examples: examples, validation: validation))
    return ClientMemory.Round(
      serial: lastSerial.wrappingAdd(1, ordering: .relaxed).newValue, request: request, work: work, examples: examples)
  }

  private func tuningWork(
    for request: TrainingRequest, _ trainer: LocalTrainer, _ memories: TuningMemories
  ) throws -> TuningWork? {
    guard let tuning = request.plan.tuning, case .training(let training) = request.plan.work else { return nil }
    if request.round == 1 { memories.forget() }
    return TuningWork(
      request: tuning, round: request.round,
      trainer: try gradientTrainer(chunk: training.batchSize ?? GradientAccumulation.chunk, in: tuningTrainer),
      names: trainer.hyperparameters.map(\.name), memories: memories)
  }

  private func gradientWork(
    for plan: RoundPlan, examples: @escaping @Sendable (_ client: Int) -> DatasetView,
    validation: (@Sendable (_ client: Int) -> DatasetView)?
  ) throws -> GradientWork? {
    guard let request = plan.gradient else { return nil }
    guard case .training = plan.work, plan.transforms.isEmpty else {
      // A transform such as noise would protect the update, and the gradient behind it would tell all.
      throw FluxionError(.unsupported, "a gradient can only follow the untransformed update of local training")
    }
    let none = DatasetView(partition.dataset, uncheckedIndices: [])
    return GradientWork(
      request: request, trainer: try gradientTrainer(chunk: GradientAccumulation.chunk, in: gradientTrainer),
      examples: request.examples == .training ? examples : validation ?? { _ in none })
  }

  /// What takes a gradient in batches of `chunk`: what was compiled before, unless it is another.
  private func gradientTrainer(chunk: Int, in kept: borrowing Mutex<LocalTrainer?>) throws -> LocalTrainer {
    let training = GradientAccumulation.training(chunk: chunk, objective: Objective())
    return try kept.withLock { known in
      if let known, known.serves(training) { return known }
      let made = try LocalTrainer(task, input: partition.dataset.exampleShape, training: training)
      known = made
      return made
    }
  }

  /// The clients with the most work first, so that no thread is left with a big one at the end.
  private func handOutOrder(of clients: [Int]) -> [Int] {
    let sizes = clients.map { partition[$0].count }
    guard let smallest = sizes.min(), let largest = sizes.max(), smallest < largest else { return clients }
    return clients.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }.map { clients[$0] }
  }

  /// The compiled work of a round: that of the round before, unless the program is another.
  private func trainer(for training: LocalTraining) throws -> LocalTrainer {
    try trainer.withLock { trainer in
      if let trainer, trainer.serves(training) { return trainer }
      let made = try LocalTrainer(task, input: partition.dataset.exampleShape, training: training)
      trainer = made
      return made
    }
  }
}

/// One thread's memory behind its lock.
final class ThreadMemory: Sendable {
  private let memory = Mutex(ClientMemory())

  func withLock<Result: Sendable>(_ body: (inout ClientMemory) throws -> Result) rethrows -> Result {
    try memory.withLock { try body(&$0) }
  }
}

/// The updates of a round, summed on each thread.
private struct ThreadSums: UpdateSource {
  let serial: Int
  let memories: [ThreadMemory]

  func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) throws {
    for memory in memories { try memory.withLock { try $0.merge(serial: serial, into: &sum) } }
  }
}
