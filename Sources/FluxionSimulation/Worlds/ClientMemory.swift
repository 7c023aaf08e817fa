import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning

/// One thread's memory for simulated clients: what they train in, a sum to fold updates into, and reports.
struct ClientMemory {
  private var memory = ClientRoundMemory()
  /// The hand-out that sum and reports belong to.
  private var serial = 0
  private var sum: (any UpdateAccumulator)?
  private var aggregatorName = ""
  private var reports: [ClientReport] = []

  /// What all clients of a round have in common.
  struct Round: Sendable {
    /// A number of its own, from 1: several runs in one world have rounds of the same number.
    let serial: Int
    let request: TrainingRequest
    let work: ClientRound
    /// The data of a client.
    let examples: @Sendable (_ client: Int) -> DatasetView
  }

  /// Trains one client and folds its update in.
  mutating func train(_ client: Int, _ common: Round) {
    let begin = ContinuousClock.now
    let outcome: ClientReport.Outcome
    do {
      prepare(common)
      var metrics = try trainAndFold(client, common)
      metrics.seconds = (ContinuousClock.now - begin) / .seconds(1)
      outcome = .trained(metrics)
    } catch {
      let failure = error as? FluxionError
      outcome = .failed(
        ClientFailure(failure?.code == .diverged ? .diverged : .unavailable, failure?.message ?? "\(error)"))
    }
    reports.append(ClientReport(round: common.request.round, client: client, outcome: outcome))
  }

  /// Trains one client whose update is not to be added to others.
  ///
  /// - Parameter common: with an aggregator that keeps updates one by one.
  mutating func trainAlone(_ client: Int, _ common: Round) -> TrainedClient {
    train(client, common)
    defer {
      sum?.reset()
      reports.removeAll(keepingCapacity: true)
    }
    let report =
      reports.last
      ?? ClientReport(
        round: common.request.round, client: client, outcome: .failed(ClientFailure(.unavailable, "it has no report")))
    return TrainedClient(report: report, update: sum?.updates?.last)
  }

  /// Adds what was folded in during a hand-out to a sum.
  func merge(serial: Int, into total: inout any UpdateAccumulator) throws {
    if let sum, self.serial == serial { try total.merge(sum) }
  }

  /// The reports of a hand-out, which are then forgotten.
  mutating func takeReports(serial: Int) -> [ClientReport] {
    guard self.serial == serial else { return [] }
    defer { reports.removeAll(keepingCapacity: true) }
    return reports
  }

  private mutating func prepare(_ common: Round) {
    guard serial != common.serial else { return }
    serial = common.serial
    reports.removeAll(keepingCapacity: true)
    let aggregator = common.request.plan.aggregator
    if sum != nil, aggregator.name == aggregatorName {
      sum?.reset()
    } else {
      sum = aggregator.makeAccumulator(count: common.request.parameters.layout.count)
      aggregatorName = aggregator.name
    }
  }

  private mutating func trainAndFold(_ client: Int, _ common: Round) throws -> ClientMetrics {
    let examples = common.examples(client)
    let weight = common.request.plan.weighting.weight(samples: examples.count)
    // Taken out while it is folded into, so that nobody else holds it.
    var sum = self.sum
    self.sum = nil
    defer { self.sum = sum }
    return try memory.run(client, examples, common.work, key: common.request.key.folding("client", client)) { upload in
      switch upload {
      case .change(let values, let start): try sum?.foldChange(of: values, from: start, weight: weight, client: client)
      case .values(let values): try sum?.fold(values, weight: weight, client: client)
      }
    }
  }
}
