package import FluxionCalculus
package import FluxionData
import FluxionLearning

/// What all clients of a round have in common, ready to run: wherever a client lives, this is what it does.
package struct ClientRound: Sendable {
  package enum Work: Sendable {
    /// Train, and give the change of the parameters.
    case training
    /// Give the gradient at the global parameters.
    case gradient
  }

  let round: Int
  /// The global parameters.
  let parameters: [Float]
  let work: Work
  let trainer: LocalTrainer
  /// In the order of the trainer's programs.
  let hyperparameters: [Float]
  let transforms: [any UpdateTransform]
  /// For plans that tune hyperparameters.
  let tuning: TuningWork?
  /// For plans that ask for a gradient behind the update.
  let gradient: GradientWork?

  package init(
    round: Int, parameters: [Float], work: Work, trainer: LocalTrainer, hyperparameters: [Float],
    transforms: [any UpdateTransform] = [], tuning: TuningWork? = nil, gradient: GradientWork? = nil
  ) {
    self.round = round
    self.parameters = parameters
    self.work = work
    self.trainer = trainer
    self.hyperparameters = hyperparameters
    self.transforms = transforms
    self.tuning = tuning
    self.gradient = gradient
  }
}

/// What a client has to give at the end of a round, where it lies.
package enum ClientUpload {
  /// The difference of two vectors, which nobody has taken yet. The first may be changed.
  case change(of: UnsafeMutableBufferPointer<Float>, from: UnsafeBufferPointer<Float>)
  /// The update, and behind it the gradient that a plan may ask for.
  case values(UnsafeBufferPointer<Float>)
}

/// One thread's memory for doing clients' work, one after the other.
package struct ClientRoundMemory {
  private var worker: ClientWorker?
  private var tuning: PartyTuning?
  private var gradients: ClientWorker?
  /// An update and the gradient behind it.
  private var upload: [Float] = []

  package init() {}

  /// Does one client's work of a round.
  ///
  /// - Parameters:
  ///   - key: the client's in this round.
  ///   - beforeStep: called before each step; may wait, and ends the work by throwing.
  ///   - take: is handed the upload, once.
  /// - Returns: metrics without the seconds.
  /// - Throws: ``FluxionError/Code/diverged`` if training left the finite numbers; what `beforeStep` throws.
  package mutating func run(
    _ client: Int, _ examples: DatasetView, _ common: ClientRound, key: RandomKey,
    beforeStep: @escaping () throws -> Void = {}, take: (ClientUpload) throws -> Void
  ) throws -> ClientMetrics {
    guard !examples.isEmpty else {
      throw FluxionError(.invalidArgument, "it holds no samples; every party needs at least one")
    }
    let worker = Self.worker(for: common.trainer, &self.worker)
    worker.beforeStep = beforeStep
    defer { worker.beforeStep = {} }
    return try common.parameters.withUnsafeBufferPointer { start in
      let result: ClientWorker.Result
      var told = Told()
      switch common.work {
      case .training:
        result = try train(worker, client, examples, common, from: start, key: key, told: &told)
      case .gradient:
        result = try worker.gradient(examples, at: start, key: key)
      }
      guard result.lossSum.isFinite else {
        throw FluxionError(.diverged, "the training loss became \(result.lossSum) within \(result.steps) steps")
      }
      try give(worker, common, from: start, key: key, take: take)
      return ClientMetrics(
        samples: examples.count, steps: result.steps, lossSum: result.lossSum, lossCount: result.examples, seconds: 0,
        figures: told.figures, vectors: told.vectors)
    }
  }

  /// What a client tells beside its update and its losses.
  private struct Told {
    var figures: [String: Double] = [:]
    var vectors: [String: [Float]] = [:]
  }

  /// Trains, with what a plan may ask for before and after.
  private mutating func train(
    _ worker: ClientWorker, _ client: Int, _ examples: DatasetView, _ common: ClientRound,
    from start: UnsafeBufferPointer<Float>, key: RandomKey, told: inout Told
  ) throws -> ClientWorker.Result {
    let tuned = try common.tuning.map { work in
      let tuning = self.tuning(for: work)
      return (tuning, work, try work.begin(client, examples, at: start, key: key, tuning))
    }
    let result = try worker.train(
      examples, from: start,
      hyperparameters: tuned.map { $0.1.hyperparameters(common.hyperparameters, $0.2) } ?? common.hyperparameters,
      key: key)
    if let limit = tuned?.2.lossLimit, result.lossSum.isFinite, result.meanLoss > limit {
      throw FluxionError(.diverged, "the training loss rose to \(Float(result.meanLoss)) on average")
    }
    if let work = common.gradient, result.lossSum.isFinite {
      try takeGradient(
        work, client, at: work.request.point == .start ? start : UnsafeBufferPointer(worker.parameters),
        key: key.folding("gradient"), figures: &told.figures)
    }
    if result.lossSum.isFinite, let (tuning, work, beginning) = tuned {
      work.keep(tuning.end(worker, round: common.round, after: beginning), of: client)
      told.figures.merge(beginning.figures) { $1 }
      told.vectors = beginning.vectors
    }
    return result
  }

  /// The gradient of a client at some parameters, behind room for the update. Figures tell of validation.
  private mutating func takeGradient(
    _ work: GradientWork, _ client: Int, at parameters: UnsafeBufferPointer<Float>, key: RandomKey,
    figures: inout [String: Double]
  ) throws {
    let worker = Self.worker(for: work.trainer, &gradients)
    let examples = work.examples(client)
    let result = try worker.gradient(examples, at: parameters, key: key)
    if upload.count != 2 * worker.state.count { upload = [Float](repeating: 0, count: 2 * worker.state.count) }
    upload.replaceSubrange(worker.state.count..., with: worker.state)
    guard work.request.examples == .validation else { return }
    figures[ClientMetrics.validationSamples] = Double(examples.count)
    if !examples.isEmpty { figures[ClientMetrics.validationLoss] = result.meanLoss }
  }

  private mutating func give(
    _ worker: ClientWorker, _ common: ClientRound, from start: UnsafeBufferPointer<Float>, key: RandomKey,
    take: (ClientUpload) throws -> Void
  ) throws {
    let isChange = common.work == .training
    let update = isChange ? worker.parameters : worker.state
    if isChange, common.transforms.isEmpty, common.gradient == nil {
      // Nobody looks at the change itself: whoever takes it can do so while both are in cache.
      return try take(.change(of: update, from: start))
    }
    if isChange { for index in 0..<update.count { update[index] -= start[index] } }
    for (index, transform) in common.transforms.enumerated() {
      try transform.apply(to: update, key: key.folding("transform", index))
    }
    guard common.gradient != nil else { return try take(.values(UnsafeBufferPointer(update))) }
    upload.replaceSubrange(..<update.count, with: update)
    try upload.withUnsafeBufferPointer { try take(.values($0)) }
  }

  private mutating func tuning(for work: TuningWork) -> PartyTuning {
    if let tuning, tuning.trainer === work.trainer { return tuning }
    let made = PartyTuning(work.trainer)
    tuning = made
    return made
  }

  private static func worker(for trainer: LocalTrainer, _ kept: inout ClientWorker?) -> ClientWorker {
    if let kept, kept.trainer === trainer { return kept }
    let made = ClientWorker(trainer)
    kept = made
    return made
  }
}
