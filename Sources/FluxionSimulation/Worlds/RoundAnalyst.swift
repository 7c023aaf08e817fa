import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import Synchronization

/// Analyses rounds on the simulation's threads.
///
/// What is one party's is computed on one thread, and everything is put together in one order, so that the figures have
/// the same bits for any number of threads.
final class RoundAnalyst: Sendable {
  private let settings: GradientAnalysis
  private let partition: Partition
  private let derivatives: LossDerivatives
  private let pool: WorkerPool
  private let key: RandomKey
  private let workers: [ThreadDerivatives]

  init(
    _ task: LearningTask, _ partition: Partition, _ settings: GradientAnalysis, _ world: SimulatedWorld
  ) throws {
    try settings.validate()
    self.settings = settings
    self.partition = partition
    derivatives = try LossDerivatives(task, input: partition.dataset.exampleShape)
    pool = world.pool
    key = world.key.folding("analysis")
    workers = (0..<pool.threadCount).map { _ in ThreadDerivatives() }
  }

  func analyze(_ round: AnalyzedRound) async throws -> RoundAnalysis {
    let clients = analyzed(round)
    let gradients = try await gradients(of: clients, at: round.before)
    let gram = await gram(gradients.map(\.gradient))
    var parties = zip(clients, gradients).enumerated().map { row, of in
      var party = PartyAnalysis(party: of.0, samples: of.1.sample.samples)
      party.loss = of.1.sample.loss.finite
      party.gradientNorm = gram.norm(row).finite
      party.noise = GradientNoiseScale(of.1.sample, squaredNorm: gram[row, row])
      return party
    }
    let shares = shares(of: clients)
    let noise = GradientNoiseScale(
      pooling: parties.indices.map { (shares[$0], parties[$0].samples, parties[$0].noise) },
      squaredNorm: gram.product(shares, shares))
    let agreement = Agreement(gram)
    for row in parties.indices { parties[row].gradientCosine = agreement.meanCosine(of: row) }
    var updates: Agreement?
    if let kept = round.updates {
      updates = await compare(kept.map(\.values), round, into: &parties)
    }
    return RoundAnalysis(
      cohort: round.clients.count, parties: parties, gradients: agreement, updates: updates, noise: noise,
      hessian: try await hessian(of: clients, shares, at: round.before))
  }

  /// The clients of the round, or as many of them as are analysed.
  private func analyzed(_ round: AnalyzedRound) -> [Int] {
    guard round.clients.count > GradientAnalysis.maximumParties else { return round.clients }
    var order = BatchOrder(batchSize: .max)
    order.shuffle(
      round.clients.indices.map { Int32($0) }[...], key: key.folding("round", round.round).folding("parties"))
    return order.indices.prefix(GradientAnalysis.maximumParties).map { round.clients[Int($0)] }.sorted()
  }

  /// What each client's data is of that of all.
  private func shares(of clients: [Int]) -> [Double] {
    let counts = clients.map { Double(partition[$0].count) }
    let total = counts.reduce(0, +)
    return counts.map { $0 / total }
  }

  /// So many of a client's examples at most, the same ones in every round.
  private func examples(of client: Int, atMost count: Int) -> DatasetView {
    let all = partition[client]
    var order = BatchOrder(batchSize: .max)
    order.shuffle(all.indices, key: key.folding("examples", client))
    return DatasetView(all.dataset, uncheckedIndices: order.indices.prefix(count))
  }
}

// Gradients and updates.
extension RoundAnalyst {
  private typealias PartyGradient = (sample: GradientSample, gradient: [Float])

  /// At least eight chunks of a party's samples where it has them, so that their spread tells the noise.
  private static func chunk(of samples: Int) -> Int { max(1, min(32, samples / 8)) }

  private func gradients(of clients: [Int], at parameters: Parameters) async throws -> [PartyGradient] {
    let results = Slots<Result<PartyGradient, any Error>>(count: clients.count)
    await pool.run(items: clients.count) { [self] worker, item in
      let examples = examples(of: clients[item], atMost: settings.gradientSamples)
      results.set(
        item,
        Result {
          try workers[worker].gradient(
            derivatives, examples, chunk: Self.chunk(of: examples.count), at: parameters)
        })
    }
    return try results.values.map { try $0.get() }
  }

  private func gram(_ vectors: [[Float]]) async -> GramMatrix {
    let count = vectors.first?.count ?? 0
    let pieces = max(1, min(16, count / 4096))
    let parts = Slots<GramMatrix>(count: pieces)
    await pool.run(items: pieces) { _, piece in
      parts.set(piece, GramMatrix(vectors, in: (piece * count / pieces)..<((piece + 1) * count / pieces)))
    }
    return parts.values.reduce(into: GramMatrix(count: vectors.count)) { $0 += $1 }
  }

  /// How updates agree; their norms and drifts go to the parties.
  private func compare(
    _ updates: [[Float]], _ round: AnalyzedRound, into parties: inout [PartyAnalysis]
  ) async -> Agreement {
    let step = zip(round.after.values, round.before.values).map { $0 - $1 }
    let gram = await gram(updates + [step])
    let last = updates.count
    let agreement = Agreement(gram.leading(last))
    for row in parties.indices {
      parties[row].updateNorm = gram.norm(row).finite
      // ‖Δ_k − s‖² for the global step s.
      parties[row].drift = max(0, gram[row, row] - 2 * gram[row, last] + gram[last, last]).squareRoot().finite
      parties[row].updateCosine = agreement.meanCosine(of: row)
    }
    return agreement
  }
}

// Curvature.
extension RoundAnalyst {
  /// Some of a client's examples, and what their mean counts in the federation's loss.
  fileprivate struct HessianBatch: Sendable {
    let examples: DatasetView
    let factor: Double
  }

  private static let largestBatch = 64

  private func hessian(
    of clients: [Int], _ shares: [Double], at parameters: Parameters
  ) async throws -> HessianAnalysis? {
    guard settings.lanczosSteps + settings.traceProbes > 0, parameters.layout.count > 0 else { return nil }
    let batches = hessianBatches(of: clients, shares)
    let key = key.folding("curvature")
    let count = parameters.layout.count
    var lanczos = Lanczos(
      start: Hutchinson.probe(count: count, key: key.folding("start")), maximumSteps: settings.lanczosSteps,
      tolerance: settings.lanczosTolerance)
    while let direction = lanczos.direction {
      lanczos.take(try await product(direction, batches, at: parameters))
    }
    var hutchinson = Hutchinson()
    for number in 0..<settings.traceProbes {
      let probe = Hutchinson.probe(count: count, key: key.folding("probe", number))
      hutchinson.take(try await product(probe, batches, at: parameters), of: probe)
    }
    return HessianAnalysis(
      samples: batches.reduce(0) { $0 + $1.examples.count }, eigenvalue: lanczos.estimate, trace: hutchinson.estimate)
  }

  private func hessianBatches(of clients: [Int], _ shares: [Double]) -> [HessianBatch] {
    zip(clients, shares).flatMap { client, share -> [HessianBatch] in
      let wanted = max(1, Int((share * Double(settings.hessianSamples)).rounded()))
      let drawn = examples(of: client, atMost: wanted)
      return stride(from: 0, to: drawn.count, by: Self.largestBatch).map { start in
        let first = drawn.indices.startIndex + start
        let part = drawn.indices[first..<min(first + Self.largestBatch, drawn.indices.endIndex)]
        return HessianBatch(
          examples: DatasetView(drawn.dataset, uncheckedIndices: part),
          factor: share * Double(part.count) / Double(drawn.count))
      }
    }
  }

  /// The Hessian of the federation's loss times a direction: groups of batches, each on one thread, added in order.
  private func product(
    _ direction: [Float], _ batches: [HessianBatch], at parameters: Parameters
  ) async throws -> [Float] {
    let groups = min(16, batches.count)
    let sums = Slots<Result<[Float], any Error>>(count: groups)
    await pool.run(items: groups) { [self] worker, group in
      let mine = batches[(group * batches.count / groups)..<((group + 1) * batches.count / groups)]
      sums.set(
        group,
        Result { try workers[worker].product(derivatives, mine, direction, at: parameters) })
    }
    var total = [Float](repeating: 0, count: direction.count)
    for sum in sums.values {
      let sum = try sum.get()
      for index in total.indices { total[index] += sum[index] }
    }
    return total
  }
}

/// One thread's memory for derivatives behind its lock, made when first needed.
private final class ThreadDerivatives: Sendable {
  private struct Memory {
    var worker: DerivativeWorker?
  }

  private let memory = Mutex(Memory())

  func gradient(
    _ derivatives: LossDerivatives, _ examples: DatasetView, chunk: Int, at parameters: Parameters
  ) throws -> (sample: GradientSample, gradient: [Float]) {
    try memory.withLock { memory in
      let worker = memory.worker ?? DerivativeWorker(derivatives)
      memory.worker = worker
      return try parameters.values.withUnsafeBufferPointer { try worker.gradient(examples, chunk: chunk, at: $0) }
    }
  }

  /// The sum of the products over batches, each times its factor.
  func product(
    _ derivatives: LossDerivatives, _ batches: ArraySlice<RoundAnalyst.HessianBatch>, _ direction: [Float],
    at parameters: Parameters
  ) throws -> [Float] {
    try memory.withLock { memory in
      let worker = memory.worker ?? DerivativeWorker(derivatives)
      memory.worker = worker
      var sum = [Float](repeating: 0, count: direction.count)
      try parameters.values.withUnsafeBufferPointer { parameters in
        try direction.withUnsafeBufferPointer { direction in
          try sum.withUnsafeMutableBufferPointer { sum in
            for batch in batches {
              try worker.addProduct(
                batch.examples, at: parameters, direction: direction, factor: Float(batch.factor), to: sum)
            }
          }
        }
      }
      return sum
    }
  }
}
