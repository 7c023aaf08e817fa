import FluxionFederation
import FluxionLearning

/// What the coordinator holds while a round goes on.
struct RoundInProgress {
  let round: Int
  /// How many clients it gave work to.
  var cohort = 0
  let plan: RoundPlan
  var sum: any UpdateAccumulator
  /// When training began.
  let begin: Duration
  var deadline: ScheduledAction?
  /// Accepted reports; ascending by client once the round is aggregated.
  var reports: [ClientReport] = []
  /// Of clients whose model was older than that of the round: how many steps of the server.
  var staleness: [Int: Int] = [:]
  var seconds = 0.0
  /// When the step was taken, where time is virtual.
  var simulatedSeconds: Double?
  var evaluation: Evaluation?
  var evaluationSeconds = 0.0
  /// Whether updates are kept for the analysis alone; the algorithm then sees what it would have seen without.
  var keepsForAnalysis = false
  var analysis: RoundAnalysis?
  var analysisSeconds: Double?
  /// The global parameters before the step; nil until it is taken.
  var before: Parameters?
  /// What each client's update counted, where the algorithm learns that.
  var weights: [Int: Double] = [:]

  init(round: Int, plan: RoundPlan, sum: any UpdateAccumulator, begin: Duration) {
    self.round = round
    self.plan = plan
    self.sum = sum
    self.begin = begin
  }

  /// Who has trained, with what to tell of it.
  var contributions: [Aggregate.Contribution] {
    reports.compactMap { report in
      guard case .trained(let metrics) = report.outcome else { return nil }
      return Aggregate.Contribution(client: report.client, metrics: metrics)
    }
  }

  /// The updates one by one as the algorithm's own aggregator has them.
  var updates: [ClientUpdate]? {
    guard keepsForAnalysis, let kept = sum as? KeepingUpdates.Accumulator else { return sum.updates }
    return kept.base.updates
  }

  /// The mean loss of all samples that the cohort trained on.
  var trainLoss: Double {
    let trained = contributions
    let count = trained.reduce(0) { $0 + $1.metrics.lossCount }
    return count > 0 ? trained.reduce(0) { $0 + $1.metrics.lossSum } / Double(count) : 0
  }

  /// The bytes of a message around its parameters: run, round and client, counts and a digest.
  static let headerByteCount = 128

  func record(parameterCount: Int, name: (Int) -> String, recordsClients: Bool) -> RoundRecord {
    let uploadByteCount = 4 * plan.uploadCount(parameters: parameterCount) + Self.headerByteCount
    let downloadByteCount = 4 * parameterCount + Self.headerByteCount
    let extraByteCount = contributions.reduce(0) { $0 + $1.metrics.extraByteCount }
    let parties = (recordsClients ? contributions : []).map { contribution in
      let (client, metrics) = (contribution.client, contribution.metrics)
      return PartyRecord(
        party: client, name: name(client), samples: metrics.samples, steps: metrics.steps,
        trainLoss: metrics.trainLoss, seconds: metrics.seconds,
        hyperparameters: plan.tuning?.ownValues(of: contribution), weight: weights[client],
        staleness: staleness[client])
    }
    return RoundRecord(
      round: round, testAccuracy: evaluation?.accuracy, testLoss: evaluation?.loss,
      testMetrics: evaluation?.values ?? [:], trainLoss: trainLoss, seconds: seconds,
      simulatedSeconds: simulatedSeconds, evaluationSeconds: evaluationSeconds,
      bytesUp: reports.count * uploadByteCount + extraByteCount,
      bytesDown: cohort * (downloadByteCount + (plan.tuning?.byteCount ?? 0)), parties: parties,
      tuning: plan.tuning.map { tuning in
        let (values, alignments) = tuning.summary(of: contributions, weighting: plan.weighting)
        return TuningRecord(values: values, alignments: alignments)
      }, analysis: analysis, analysisSeconds: analysisSeconds)
  }
}
