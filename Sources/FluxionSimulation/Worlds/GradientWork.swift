import FluxionCalculus
import FluxionData
import FluxionFederation

/// The gradient that clients of a round send behind their update, compiled.
struct GradientWork: Sendable {
  let request: ClientGradient
  let trainer: LocalTrainer
  /// The examples of a client that the gradient is of.
  let examples: @Sendable (_ client: Int) -> DatasetView
}

/// One thread's memory for such gradients and the uploads that they go into.
struct GradientMemory {
  private var worker: ClientWorker?
  /// An update and the gradient behind it.
  private(set) var upload: [Float] = []

  /// The gradient of a client at some parameters, behind room for the update. Figures tell of validation.
  mutating func take(
    _ work: GradientWork, _ client: Int, at parameters: UnsafeBufferPointer<Float>, key: RandomKey,
    figures: inout [String: Double]
  ) throws {
    let worker = try self.worker(for: work.trainer)
    let examples = work.examples(client)
    let result = try worker.gradient(examples, at: parameters, key: key)
    if upload.count != 2 * worker.state.count { upload = [Float](repeating: 0, count: 2 * worker.state.count) }
    upload.replaceSubrange(worker.state.count..., with: worker.state)
    guard work.request.examples == .validation else { return }
    figures[ClientMetrics.validationSamples] = Double(examples.count)
    if !examples.isEmpty { figures[ClientMetrics.validationLoss] = result.meanLoss }
  }

  /// Puts the update before the gradient.
  mutating func complete(with update: UnsafeMutableBufferPointer<Float>) {
    upload.replaceSubrange(..<update.count, with: update)
  }

  private mutating func worker(for trainer: LocalTrainer) throws -> ClientWorker {
    if let worker, worker.trainer === trainer { return worker }
    let made = try ClientWorker(trainer)
    worker = made
    return made
  }
}
