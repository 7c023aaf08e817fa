/// What a federation tunes while it learns, and how.
///
/// ```swift
/// var tuning = Tuning([.learningRate, .weightDecay])
/// tuning.mode = .perParty
/// ```
public struct Tuning: Hashable, Sendable {
  /// Whose values there are, and who moves them.
  public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    /// Everybody trains with the same values, which the server moves by what the parties' data say together.
    case shared
    /// Every party trains with values of its own, which it moves by its own data.
    case perParty = "per-party"
    /// The server moves everybody's values by a set of examples that it holds.
    case server
  }

  public var hyperparameters: [TunedHyperparameter]
  public var mode: Mode
  public var rule: TuningRule
  /// How many batches of the epoch that it is about to train on a party takes the new global model's gradient from.
  public var gradientBatches: Int
  /// How often in a run values are lowered because training diverged, before the run stops.
  public var recoveryLimit: Int

  public init(
    _ hyperparameters: [TunedHyperparameter], mode: Mode = .shared, rule: TuningRule = TuningRule(),
    gradientBatches: Int = 8, recoveryLimit: Int = 6
  ) {
    self.hyperparameters = hyperparameters
    self.mode = mode
    self.rule = rule
    self.gradientBatches = gradientBatches
    self.recoveryLimit = recoveryLimit
  }
}

/// What a plan asks of clients, beside training, where hyperparameters are tuned.
public struct TuningRequest: Hashable, Sendable {
  /// Tuned hyperparameters of the local steps, in the order of ``LocalTraining/tangents``.
  public var hyperparameters: [TunedHyperparameter]
  /// One value for each.
  public var values: [Double]
  /// Where each may lead.
  public var bounds: [ClosedRange<Double>]
  /// The values of parties that have their own; nil where all share.
  public var partyValues: [Int: [Double]]?
  public var rule: TuningRule
  public var gradientBatches: Int
  /// The round from which on tangents count: those of earlier ones led to a model that was given up.
  public var firstRound = 1
  /// The mean loss of the first global model; nil in the first round.
  public var referenceLoss: Double?
  /// The gradient of the server's own examples at the global model, against which clients hold their tangents instead
  /// of the gradient of their data.
  public var serverGradient: [Float]?
  /// How parties sketch tangents and gradients, where values are shared and there are tangents.
  public var sketch: CountSketch?
  /// The derivative of the global model with respect to the server's learning rate.
  public var serverTangent: [Float]?
  /// What the server steps with, where that is tuned; clients have no use for it but records.
  public var serverLearningRate: Double?
  /// Whether the server moves the values, by ``serverGradient``, which there is from the second round on.
  public var isServers = false

  /// The values that a client begins the round with.
  public func values(of client: Int) -> [Double] { partyValues?[client] ?? values }
}

extension TuningRequest {
  /// What a client is sent beside the parameters: a number a hyperparameter, and the server's vectors.
  package var byteCount: Int {
    8 * hyperparameters.count + 4 * ((serverGradient?.count ?? 0) + (serverTangent?.count ?? 0))
  }

  /// What a client trained with, by name, if it has values of its own.
  package func ownValues(of contribution: Aggregate.Contribution) -> [String: Double]? {
    partyValues == nil ? nil : values(trainedWithBy: contribution)
  }

  private func values(trainedWithBy contribution: Aggregate.Contribution) -> [String: Double] {
    let known = values(of: contribution.client)
    var named: [String: Double] = [:]
    for (hyperparameter, value) in zip(hyperparameters, known) {
      let moved = partyValues == nil ? nil : contribution.metrics.figures[PartyTuning.Figure.proposal(hyperparameter)]
      named[hyperparameter.rawValue] = moved ?? value
    }
    return named
  }

  /// What a cohort trained with, and how its tangents lay to the gradients, on average.
  package func summary(
    of contributions: [Aggregate.Contribution], weighting: Weighting
  ) -> (values: [String: Double], alignments: [String: Double]) {
    var (values, alignments) = ([String: Double](), [String: Double]())
    for hyperparameter in hyperparameters {
      var (sum, weights, aligned, alignedWeights) = (0.0, 0.0, 0.0, 0.0)
      for contribution in contributions {
        let weight = Double(weighting.weight(samples: contribution.metrics.samples))
        if let value = self.values(trainedWithBy: contribution)[hyperparameter.rawValue] {
          sum += weight * hyperparameter.coordinate(value)
          weights += weight
        }
        if let alignment = contribution.metrics.figures[PartyTuning.Figure.alignment(hyperparameter)] {
          aligned += weight * alignment
          alignedWeights += weight
        }
      }
      if weights > 0 { values[hyperparameter.rawValue] = hyperparameter.value(at: sum / weights) }
      alignments[hyperparameter.rawValue] =
        sketch == nil
        ? (alignedWeights > 0 ? aligned / alignedWeights : nil)
        : Self.alignment(of: hyperparameter, in: contributions, weighting: weighting)
    }
    if let serverLearningRate { values[TunedHyperparameter.serverLearningRate.rawValue] = serverLearningRate }
    return (values, alignments)
  }

  /// The sketches of a party's gradient and of the tangents that it kept, by name; none where nobody asks for them.
  func sketches(
    of gradient: UnsafeBufferPointer<Float>, _ tangents: [TunedHyperparameter: [Float]] = [:]
  ) -> [String: [Float]] {
    guard let sketch else { return [:] }
    let tangents = tangents.sorted { $0.key.rawValue < $1.key.rawValue }
    let names = [PartyTuning.Figure.gradientSketch] + tangents.map { PartyTuning.Figure.tangentSketch($0.key) }
    let vectors = sketch([Array(gradient)] + tangents.map(\.value))
    return Dictionary(uniqueKeysWithValues: zip(names, vectors))
  }

  /// The cosine between `Σ α_k u_k` and `Σ α_k g_k`, as sketches tell it; nil without a tangent.
  static func alignment(
    of hyperparameter: TunedHyperparameter, in contributions: [Aggregate.Contribution], weighting: Weighting
  ) -> Double? {
    let total = contributions.reduce(0.0) { $0 + Double(weighting.weight(samples: $1.metrics.samples)) }
    func mean(_ name: String) -> [Float] {
      var sum: [Double] = []
      for contribution in contributions {
        guard let vector = contribution.metrics.vectors[name], vector.allSatisfy(\.isFinite) else { continue }
        if sum.isEmpty { sum = [Double](repeating: 0, count: vector.count) }
        guard vector.count == sum.count else { continue }
        let share = Double(weighting.weight(samples: contribution.metrics.samples)) / total
        for index in sum.indices { sum[index] += share * Double(vector[index]) }
      }
      return sum.map { Float($0) }
    }
    let tangent = mean(PartyTuning.Figure.tangentSketch(hyperparameter))
    let gradient = mean(PartyTuning.Figure.gradientSketch)
    guard !tangent.isEmpty, tangent.count == gradient.count else { return nil }
    return gradient.withUnsafeBufferPointer { PartyTuning.product(tangent, $0).alignment }
  }
}
