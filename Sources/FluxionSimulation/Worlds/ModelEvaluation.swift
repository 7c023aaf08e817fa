import FluxionData
import FluxionFederation
import FluxionLearning
import Synchronization

/// Evaluates models on all threads of a pool.
final class ModelEvaluation: Sendable {
  private let evaluator: Evaluator
  private let pool: WorkerPool
  private let workers: [ThreadEvaluation]

  init(_ evaluator: Evaluator, pool: WorkerPool) {
    self.evaluator = evaluator
    self.pool = pool
    workers = (0..<pool.threadCount).map { _ in ThreadEvaluation() }
  }

  /// How good a model is on some examples; the same bits for any number of threads.
  func evaluate(_ parameters: Parameters, on examples: DatasetView) async throws -> Evaluation {
    let batches = Slots<Result<MetricAccumulator, any Error>>(count: evaluator.batchCount(of: examples))
    await pool.run(items: batches.count) { [evaluator, workers] worker, batch in
      batches.set(batch, Result { try workers[worker].evaluate(batch, of: examples, parameters, evaluator) })
    }
    return try evaluator.evaluation(of: try batches.values.map { try $0.get() })
  }
}

/// One thread's memory for evaluation behind its lock, made when first needed.
private final class ThreadEvaluation: Sendable {
  private let worker = Mutex<EvaluationWorker?>(nil)

  func evaluate(
    _ batch: Int, of examples: DatasetView, _ parameters: Parameters, _ evaluator: Evaluator
  ) throws -> MetricAccumulator {
    try worker.withLock { worker in
      let mine = worker ?? EvaluationWorker(evaluator)
      worker = mine
      return try parameters.values.withUnsafeBufferPointer {
        try mine.evaluate(batch: batch, of: examples, parameters: $0)
      }
    }
  }
}
