package import FluxionCalculus
package import FluxionData
import FluxionLearning
import Foundation

/// What a party keeps of its latest round, to tell the next time whether other hyperparameters would have been better.
public struct TuningMemory: Codable, Hashable, Sendable {
  public var round: Int
  /// How often its values moved.
  public var steps: Int
  /// For each hyperparameter, `u_k = dw_k/dθ` where training ended; nil where it left the finite numbers and says
  /// nothing.
  public var tangents: [[Float]?]

  public init(round: Int, steps: Int, tangents: [[Float]?]) {
    self.round = round
    self.steps = steps
    self.tangents = tangents
  }
}

/// A party's part in tuning, before and after it trains; one thread's memory.
package final class PartyTuning {
  private let gradients: ClientWorker
  package var trainer: LocalTrainer { gradients.trainer }
  /// What the latest party took for the gradient of the global model.
  var latestGradient: [Float] { Array(gradients.state) }

  /// - Parameter trainer: of ``GradientAccumulation``, in batches as the parties train on.
  package init(_ trainer: LocalTrainer) { gradients = ClientWorker(trainer) }

  /// What a party begins a round with.
  package struct Beginning: Sendable {
    /// What it trains with, for each tuned hyperparameter.
    package var values: [Double]
    package var figures: [String: Double] = [:]
    package var vectors: [String: [Float]] = [:]
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
      judge(gradient, request, round: round, memory: memory, &beginning)
      if let tangent = request.serverTangent {
        let (product, alignment, _) = Self.product(tangent, gradient)
        beginning.figures[Figure.hypergradient(.serverLearningRate)] = product
        beginning.figures[Figure.alignment(.serverLearningRate)] = alignment
      }
      return beginning
    }
    sent.withUnsafeBufferPointer { judge($0, request, round: round, memory: memory, &beginning) }
    return beginning
  }

  /// Holds each tangent that the party kept against a gradient.
  private func judge(
    _ gradient: UnsafeBufferPointer<Float>, _ request: TuningRequest, round: Int, memory: TuningMemory?,
    _ beginning: inout Beginning
  ) {
    // What was kept in an attempt at this round that was given up says nothing about the model of this one.
    guard let memory, (request.firstRound..<round).contains(memory.round),
      memory.tangents.count == request.hyperparameters.count
    else {
      beginning.vectors = request.sketches(of: gradient)
      return
    }
    beginning.steps = memory.steps + 1
    var kept: [TunedHyperparameter: [Float]] = [:]
    for (position, hyperparameter) in request.hyperparameters.enumerated() {
      guard let tangent = memory.tangents[position] else { continue }
      let (product, alignment, length) = Self.product(tangent, gradient)
      guard product.isFinite, alignment.isFinite, length.isFinite else { continue }
      beginning.figures[Figure.hypergradient(hyperparameter)] = product
      beginning.figures[Figure.alignment(hyperparameter)] = alignment
      if request.isServers { beginning.figures[Figure.length(hyperparameter)] = length }
      kept[hyperparameter] = tangent
      guard request.partyValues != nil else { continue }
      let moved = request.rule.next(
        beginning.values[position], of: hyperparameter, alignment: alignment, after: memory.steps,
        within: request.bounds[position])
      beginning.figures[Figure.proposal(hyperparameter)] = moved
      beginning.values[position] = moved
    }
    beginning.vectors = request.sketches(of: gradient, kept)
  }

  /// What the party keeps when it has trained.
  package func end(_ worker: ClientWorker, round: Int, after beginning: Beginning) -> TuningMemory {
    TuningMemory(
      round: round, steps: beginning.steps,
      tangents: worker.trainer.training.tangents.indices.map { position in
        let tangent = worker.tangent(position)
        return tangent.allSatisfy(\.isFinite) ? Array(tangent) : nil
      })
  }

  /// The names of what parties upload.
  package enum Figure {
    package static let startingLoss = "loss of the global model"
    package static func hypergradient(_ name: TunedHyperparameter) -> String { "hypergradient of \(name.rawValue)" }
    package static func alignment(_ name: TunedHyperparameter) -> String { "alignment of \(name.rawValue)" }
    package static func length(_ name: TunedHyperparameter) -> String { "length of the tangent of \(name.rawValue)" }
    package static let gradientSketch = "sketch of the gradient"
    package static func tangentSketch(_ name: TunedHyperparameter) -> String {
      "sketch of the tangent of \(name.rawValue)"
    }
    package static func proposal(_ name: TunedHyperparameter) -> String { "proposed \(name.rawValue)" }
  }
}

extension PartyTuning {
  /// `⟨u, g⟩`, the cosine between them, and `‖u‖`.
  static func product(
    _ tangent: [Float], _ gradient: UnsafeBufferPointer<Float>
  ) -> (product: Double, alignment: Double, length: Double) {
    tangent.withUnsafeBufferPointer { tangent in
      let (product, square) = (dotProduct(tangent, gradient), dotProduct(tangent, tangent))
      let lengths = (square * dotProduct(gradient, gradient)).squareRoot()
      return (product, lengths > 0 ? product / lengths : 0, square.squareRoot())
    }
  }
}
