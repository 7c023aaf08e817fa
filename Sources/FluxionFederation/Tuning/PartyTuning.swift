package import FluxionCalculus
package import FluxionData
import FluxionLearning
import Foundation

/// What a party keeps of its latest round, to tell the next time whether other hyperparameters would have been better.
package struct TuningMemory: Sendable {
  package var round: Int
  /// How often its values moved.
  package var steps: Int
  /// For each hyperparameter, ``Tangent``.
  package var tangents: [Tangent?]

  /// The tangent of the global model that is about to come, as far as the party can know it.
  ///
  /// The federation averages: what one party's tangent `u_k` would have done, other parties' undo in part. To first
  /// order a tangent lies along the party's own update, `u_k = ρ Δ_k + r` with `ρ = ⟨u_k, Δ_k⟩/‖Δ_k‖²`. The party sees
  /// what became of `Δ_k` in the average, and takes `ρ Δ` in its place: `u = u_k + ρ (w' − w_k)`, where `w'` is the new
  /// global model and `w_k` where the party's training ended. Stored is `u_k − ρ w_k`.
  package struct Tangent: Sendable {
    var offset: [Float]
    var pull: Float
  }
}

/// A party's part in tuning, before and after it trains; one thread's memory.
package final class PartyTuning {
  private let gradients: ClientWorker
  package var trainer: LocalTrainer { gradients.trainer }

  /// - Parameter trainer: of ``GradientAccumulation``, in batches as the parties train on.
  package init(_ trainer: LocalTrainer) throws { gradients = try ClientWorker(trainer) }

  /// What a party begins a round with.
  package struct Beginning: Sendable {
    /// What it trains with, for each tuned hyperparameter.
    package var values: [Double]
    package var figures: [String: Double] = [:]
    package var steps = 0
    /// A mean training loss above it is taken for divergence.
    package var lossLimit = Double.infinity
  }

  /// How far above the loss of the new global model, and of the first, training may be on average.
  static let lossGrowthLimit = 4.0

  /// Moves the party's values by how the last round's tangent lies to the gradient of the new global model.
  package func begin(
    _ client: Int, _ examples: DatasetView, at start: UnsafeBufferPointer<Float>, _ request: TuningRequest,
    round: Int, memory: TuningMemory?, key: RandomKey
  ) throws -> Beginning {
    let known = request.values(of: client)
    var beginning = Beginning(values: known)
    guard let sent = request.serverGradient else {
      guard !request.isServers else { return beginning }
      let loss = try gradients.gradient(examples, at: start, firstBatches: request.gradientBatches, key: key).meanLoss
      beginning.figures[Figure.startingLoss] = loss
      beginning.lossLimit = Self.lossGrowthLimit * max(loss, request.referenceLoss ?? 0)
      let gradient = UnsafeBufferPointer(gradients.state)
      judge(gradient, at: start, request, round: round, memory: memory, &beginning)
      if let tangent = request.serverTangent {
        let (product, alignment) = tangent.withUnsafeBufferPointer { Self.product($0, gradient) }
        beginning.figures[Figure.hypergradient(.serverLearningRate)] = product
        beginning.figures[Figure.alignment(.serverLearningRate)] = alignment
      }
      return beginning
    }
    sent.withUnsafeBufferPointer { judge($0, at: start, request, round: round, memory: memory, &beginning) }
    return beginning
  }

  /// Holds each tangent that the party kept against a gradient.
  private func judge(
    _ gradient: UnsafeBufferPointer<Float>, at start: UnsafeBufferPointer<Float>, _ request: TuningRequest, round: Int,
    memory: TuningMemory?, _ beginning: inout Beginning
  ) {
    // What was kept in an attempt at this round that was given up says nothing about the model of this one.
    guard let memory, memory.round < round, memory.tangents.count == request.hyperparameters.count else { return }
    beginning.steps = memory.steps + 1
    for (position, hyperparameter) in request.hyperparameters.enumerated() {
      guard let tangent = memory.tangents[position] else { continue }
      let (product, alignment, length) = tangent.product(with: gradient, at: start)
      guard product.isFinite, alignment.isFinite, length.isFinite else { continue }
      beginning.figures[Figure.hypergradient(hyperparameter)] = product
      beginning.figures[Figure.alignment(hyperparameter)] = alignment
      if request.isServers {
        beginning.figures[Figure.length(hyperparameter)] = length
        continue
      }
      let moved = request.rule.next(
        beginning.values[position], of: hyperparameter, alignment: alignment, after: memory.steps,
        within: request.bounds[position])
      beginning.figures[Figure.proposal(hyperparameter)] = moved
      if request.partyValues != nil { beginning.values[position] = moved }
    }
  }

  /// What the party keeps; `update` is `w_k − w`.
  package func end(
    _ worker: ClientWorker, update: UnsafeBufferPointer<Float>, start: UnsafeBufferPointer<Float>, round: Int,
    after beginning: Beginning, _ request: TuningRequest
  ) -> TuningMemory {
    TuningMemory(
      round: round, steps: beginning.steps,
      tangents: worker.trainer.training.tangents.indices.map {
        TuningMemory.Tangent(worker.tangent($0), update: update, start: start, averages: !request.isServers)
      })
  }

  /// The names of what parties upload.
  package enum Figure {
    package static let startingLoss = "loss of the global model"
    package static func hypergradient(_ name: TunedHyperparameter) -> String { "hypergradient of \(name.rawValue)" }
    package static func alignment(_ name: TunedHyperparameter) -> String { "alignment of \(name.rawValue)" }
    package static func length(_ name: TunedHyperparameter) -> String { "length of the tangent of \(name.rawValue)" }
    package static func proposal(_ name: TunedHyperparameter) -> String { "proposed \(name.rawValue)" }
  }
}

extension PartyTuning {
  /// `⟨u, g⟩` and the cosine between them.
  static func product(
    _ tangent: UnsafeBufferPointer<Float>, _ gradient: UnsafeBufferPointer<Float>
  ) -> (product: Double, alignment: Double) {
    var (product, tangents, gradients) = (0.0, 0.0, 0.0)
    for index in tangent.indices {
      let (u, g) = (Double(tangent[index]), Double(gradient[index]))
      product += u * g
      tangents += u * u
      gradients += g * g
    }
    let lengths = (tangents * gradients).squareRoot()
    return (product, lengths > 0 ? product / lengths : 0)
  }
}

extension TuningMemory.Tangent {
  /// nil for a tangent that left the finite numbers: it says nothing.
  ///
  /// - Parameter averages: false to keep the party's own tangent as it is.
  init?(
    _ tangent: UnsafeBufferPointer<Float>, update: UnsafeBufferPointer<Float>, start: UnsafeBufferPointer<Float>,
    averages: Bool
  ) {
    var (along, length) = (0.0, 0.0)
    for index in tangent.indices {
      along += Double(tangent[index]) * Double(update[index])
      length += Double(update[index]) * Double(update[index])
    }
    guard along.isFinite, tangent.allSatisfy(\.isFinite) else { return nil }
    let pull = averages && length > 0 ? Float(along / length) : 0
    self.pull = pull
    offset = [Float](unsafeUninitializedCapacity: tangent.count) { values, count in
      for index in tangent.indices {
        values.initializeElement(at: index, to: tangent[index] - pull * (start[index] + update[index]))
      }
      count = tangent.count
    }
  }

  /// `⟨u, g⟩` with the tangent of the global model, the cosine between them, and `‖u‖`.
  func product(
    with gradient: UnsafeBufferPointer<Float>, at model: UnsafeBufferPointer<Float>
  ) -> (product: Double, alignment: Double, length: Double) {
    var (product, tangents, gradients) = (0.0, 0.0, 0.0)
    offset.withUnsafeBufferPointer { offset in
      for index in offset.indices {
        let (u, g) = (Double(offset[index] + pull * model[index]), Double(gradient[index]))
        product += u * g
        tangents += u * u
        gradients += g * g
      }
    }
    let lengths = (tangents * gradients).squareRoot()
    return (product, lengths > 0 ? product / lengths : 0, tangents.squareRoot())
  }
}
