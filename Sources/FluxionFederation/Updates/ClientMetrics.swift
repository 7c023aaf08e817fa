/// What a client tells of its work in a round, beside the update.
public struct ClientMetrics: Codable, Hashable, Sendable {
  /// Samples that the client holds.
  public var samples: Int
  /// Local steps taken.
  public var steps: Int
  /// The sum of the losses of every sample trained on, each before its step.
  public var lossSum: Double
  /// How many losses are in the sum: samples × epochs.
  public var lossCount: Int
  /// Wall-clock seconds of local work.
  public var seconds: Double
  /// Further numbers that the algorithm asked for, by name.
  public var figures: [String: Double]
  /// Short vectors that the algorithm asked for, by name.
  public var vectors: [String: [Float]]

  /// The figure of plans that ask for a gradient of validation: how many examples it is the mean over.
  public static let validationSamples = "validationSamples"
  /// The figure of plans that ask for a gradient of validation: the mean loss where it was taken.
  public static let validationLoss = "validationLoss"

  public init(
    samples: Int, steps: Int, lossSum: Double, lossCount: Int, seconds: Double, figures: [String: Double] = [:],
    vectors: [String: [Float]] = [:]
  ) {
    self.samples = samples
    self.steps = steps
    self.lossSum = lossSum
    self.lossCount = lossCount
    self.seconds = seconds
    self.figures = figures
    self.vectors = vectors
  }

  /// The mean loss of the samples trained on; 0 without any.
  public var trainLoss: Double { lossCount > 0 ? lossSum / Double(lossCount) : 0 }

  /// What figures and vectors take in a message.
  package var extraByteCount: Int { 8 * figures.count + vectors.values.reduce(0) { $0 + 4 * $1.count } }
}
