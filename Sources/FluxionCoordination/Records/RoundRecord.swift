public import FluxionFederation

/// What one round did, as it stands in the journal, in `run.json` and on the page.
public struct RoundRecord: Codable, Sendable, Equatable {
  /// Counted from 1.
  public var round: Int
  /// The accuracy of the global model on the test set; nil in rounds without evaluation and for tasks without accuracy.
  public var testAccuracy: Double?
  /// The mean loss of the global model on the test set.
  public var testLoss: Double?
  /// Every metric of the task by name, of the global model on the test set.
  public var testMetrics: [String: Double]
  /// The mean loss of the batches that the cohort trained on, each before its step, weighted by samples.
  public var trainLoss: Double
  /// Wall-clock seconds of the clients' work and the aggregation alone.
  public var seconds: Double
  /// When the round's step was taken, in simulated seconds since the run began; nil where time is real.
  public var simulatedSeconds: Double?
  /// Wall-clock seconds of evaluating the global model.
  public var evaluationSeconds: Double
  /// Bytes that would have travelled from the clients to the server.
  public var bytesUp: Int
  /// Bytes that would have travelled from the server to the clients.
  public var bytesDown: Int
  /// The parties that took part, in ascending order of their index; empty where a run keeps no detail a party.
  public var parties: [PartyRecord]
  /// What was tuned; nil in runs that tune nothing.
  public var tuning: TuningRecord?
  /// What else is to be known of the round, a sentence each; nil for nothing.
  public var notes: [String]?
  /// How the parties agree and how curved the loss is; nil in rounds that were not analysed.
  public var analysis: RoundAnalysis?
  /// Wall-clock seconds of the analysis.
  public var analysisSeconds: Double?

  public init(
    round: Int, testAccuracy: Double? = nil, testLoss: Double? = nil, testMetrics: [String: Double] = [:],
    trainLoss: Double, seconds: Double, simulatedSeconds: Double? = nil, evaluationSeconds: Double = 0, bytesUp: Int,
    bytesDown: Int,
    parties: [PartyRecord] = [], tuning: TuningRecord? = nil, notes: [String]? = nil, analysis: RoundAnalysis? = nil,
    analysisSeconds: Double? = nil
  ) {
    self.round = round
    self.testAccuracy = testAccuracy
    self.testLoss = testLoss
    self.testMetrics = testMetrics
    self.trainLoss = trainLoss
    self.seconds = seconds
    self.simulatedSeconds = simulatedSeconds
    self.evaluationSeconds = evaluationSeconds
    self.bytesUp = bytesUp
    self.bytesDown = bytesDown
    self.parties = parties
    self.tuning = tuning
    self.notes = notes
    self.analysis = analysis
    self.analysisSeconds = analysisSeconds
  }
}

/// What one party did in a round.
public struct PartyRecord: Codable, Sendable, Equatable {
  /// The party's index in the partition, from 0.
  public var party: Int
  public var name: String
  /// Training samples that the party holds.
  public var samples: Int
  /// Local steps taken.
  public var steps: Int
  /// The mean loss of the batches trained on, each before its step.
  public var trainLoss: Double
  /// Wall-clock seconds of local work.
  public var seconds: Double
  /// What the party trained with, by name, in runs where each party tunes values of its own.
  public var hyperparameters: [String: Double]?
  /// What its update counted in the average, in runs that learn it; the cohort's sum to 1.
  public var weight: Double?
  /// How many steps the server had taken since the model that the party began from; nil for none.
  public var staleness: Int?

  public init(
    party: Int, name: String, samples: Int, steps: Int, trainLoss: Double, seconds: Double,
    hyperparameters: [String: Double]? = nil, weight: Double? = nil, staleness: Int? = nil
  ) {
    self.party = party
    self.name = name
    self.samples = samples
    self.steps = steps
    self.trainLoss = trainLoss
    self.seconds = seconds
    self.hyperparameters = hyperparameters
    self.weight = weight
    self.staleness = staleness
  }
}

/// Tuned hyperparameters in one round, by name.
public struct TuningRecord: Codable, Sendable, Equatable {
  /// What parties trained with; the weighted mean where each has its own.
  public var values: [String: Double]
  /// The weighted mean of the cosines between tangents and gradients; above 0 says that less would have been better.
  /// Names without one had nothing to go by.
  public var alignments: [String: Double]

  public init(values: [String: Double], alignments: [String: Double]) {
    self.values = values
    self.alignments = alignments
  }
}
