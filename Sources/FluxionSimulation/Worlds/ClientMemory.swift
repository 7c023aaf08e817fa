import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning

/// One thread's memory for simulated clients: buffers to train in, a sum to fold updates into, and reports.
struct ClientMemory {
  private var worker: ClientWorker?
  /// The hand-out that sum and reports belong to.
  private var serial = 0
  private var sum: (any UpdateAccumulator)?
  private var aggregatorName = ""
  private var reports: [ClientReport] = []
  private var tuning: PartyTuning?
  private var gradients = GradientMemory()

  /// What all clients of a round have in common.
  struct Round: Sendable {
    /// A number of its own, from 1: several runs in one world have rounds of the same number.
    let serial: Int
    let request: TrainingRequest
    let trainer: LocalTrainer
    let hyperparameters: [Float]
    /// For plans that tune hyperparameters.
    let tuning: TuningWorld?
    /// For plans that ask for a gradient behind the update.
    let gradient: GradientWork?
    /// The data of a client.
    let examples: @Sendable (_ client: Int) -> DatasetView
  }

  /// Trains one client and folds its update in.
  mutating func train(_ client: Int, _ common: Round) {
    let begin = ContinuousClock.now
    let outcome: ClientReport.Outcome
    do {
      prepare(common)
      var metrics = try trainAndFold(client, common)
      metrics.seconds = (ContinuousClock.now - begin) / .seconds(1)
      outcome = .trained(metrics)
    } catch {
      let failure = error as? FluxionError
      outcome = .failed(
        ClientFailure(failure?.code == .diverged ? .diverged : .unavailable, failure?.message ?? "\(error)"))
    }
    reports.append(ClientReport(round: common.request.round, client: client, outcome: outcome))
  }

  /// Adds what was folded in during a hand-out to a sum.
  func merge(serial: Int, into total: inout any UpdateAccumulator) throws {
    if let sum, self.serial == serial { try total.merge(sum) }
  }

  /// The reports of a hand-out, which are then forgotten.
  mutating func takeReports(serial: Int) -> [ClientReport] {
    guard self.serial == serial else { return [] }
    defer { reports.removeAll(keepingCapacity: true) }
    return reports
  }

  private mutating func prepare(_ common: Round) {
    guard serial != common.serial else { return }
    serial = common.serial
    reports.removeAll(keepingCapacity: true)
    let aggregator = common.request.plan.aggregator
    if sum != nil, aggregator.name == aggregatorName {
      sum?.reset()
    } else {
      sum = aggregator.makeAccumulator(count: common.trainer.layout.count)
      aggregatorName = aggregator.name
    }
  }

  private mutating func trainAndFold(_ client: Int, _ common: Round) throws -> ClientMetrics {
    let examples = common.examples(client)
    let request = common.request
    guard !examples.isEmpty else {
      throw FluxionError(.invalidArgument, "it holds no samples; every party needs at least one")
    }
    let worker = try self.worker(for: common.trainer)
    let key = request.key.folding("client", client)
    return try request.parameters.values.withUnsafeBufferPointer { start in
      let result: ClientWorker.Result
      let update: UnsafeMutableBufferPointer<Float>
      let isChange: Bool
      var figures: [String: Double] = [:]
      var vectors: [String: [Float]] = [:]
      switch request.plan.work {
      case .training:
        let tuned = try common.tuning.map { world in
          let tuning = try self.tuning(in: world)
          return (tuning, world, try world.begin(client, examples, at: start, key: key, tuning))
        }
        result = try worker.train(
          examples, from: start,
          hyperparameters: tuned.map { $0.1.hyperparameters(common.hyperparameters, $0.2) } ?? common.hyperparameters,
          key: key)
        (update, isChange) = (worker.parameters, true)
        if let limit = tuned?.2.lossLimit, result.lossSum.isFinite, result.meanLoss > limit {
          throw FluxionError(.diverged, "the training loss rose to \(Float(result.meanLoss)) on average")
        }
        if let work = common.gradient, result.lossSum.isFinite {
          try gradients.take(
            work, client, at: work.request.point == .start ? start : UnsafeBufferPointer(update),
            key: key.folding("gradient"), figures: &figures)
        }
        if result.lossSum.isFinite, let (tuning, world, beginning) = tuned {
          world.keep(tuning.end(worker, round: request.round, after: beginning), of: client)
          figures.merge(beginning.figures) { $1 }
          vectors = beginning.vectors
        }
      case .gradient:
        result = try worker.gradient(examples, at: start, key: key)
        (update, isChange) = (worker.state, false)
      }
      guard result.lossSum.isFinite else {
        throw FluxionError(.diverged, "the training loss became \(result.lossSum) within \(result.steps) steps")
      }
      let weight = request.plan.weighting.weight(samples: examples.count)
      if isChange, request.plan.transforms.isEmpty, common.gradient == nil {
        // Nobody looks at the change itself: the sum takes it while both are in cache.
        try sum?.foldChange(of: update, from: start, weight: weight, client: client)
      } else {
        if isChange { for index in 0..<update.count { update[index] -= start[index] } }
        for (index, transform) in request.plan.transforms.enumerated() {
          try transform.apply(to: update, key: key.folding("transform", index))
        }
        if common.gradient == nil {
          try sum?.fold(UnsafeBufferPointer(update), weight: weight, client: client)
        } else {
          gradients.complete(with: update)
          let upload = gradients.upload
          try upload.withUnsafeBufferPointer { try sum?.fold($0, weight: weight, client: client) }
        }
      }
      return ClientMetrics(
        samples: examples.count, steps: result.steps, lossSum: result.lossSum, lossCount: result.examples, seconds: 0,
        figures: figures, vectors: vectors)
    }
  }

  private mutating func tuning(in world: TuningWorld) throws -> PartyTuning {
    if let tuning, tuning.trainer === world.trainer { return tuning }
    let made = try PartyTuning(world.trainer)
    tuning = made
    return made
  }

  private mutating func worker(for trainer: LocalTrainer) throws -> ClientWorker {
    if let worker, worker.trainer === trainer { return worker }
    let made = try ClientWorker(trainer)
    worker = made
    return made
  }
}
