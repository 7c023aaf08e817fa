package import FluxionCalculus
package import FluxionFederation
import SwiftProtobuf

/// Which task of which run a report is of.
package struct ReportedTask: Hashable, Sendable {
  package var run: String
  package var round: Int
  package var task: UInt64

  package init(run: String, round: Int, task: UInt64) { (self.run, self.round, self.task) = (run, round, task) }

  /// - Throws: ``FluxionError/Code/corruptData`` for numbers that no task has.
  package init(_ message: Fluxion_V1_Update) throws(FluxionError) {
    try self.init(run: message.run, round: message.round, task: message.task)
  }

  /// - Throws: as for an update.
  package init(_ message: Fluxion_V1_Failure) throws(FluxionError) {
    try self.init(run: message.run, round: message.round, task: message.task)
  }

  private init(run: String, round: UInt64, task: UInt64) throws(FluxionError) {
    self.run = try Wire.text(run, upTo: WireLimits.runByteCount, "a run's name")
    self.round = try Wire.integer(round, in: 1...WireLimits.rounds, "a round")
    self.task = task
  }
}

extension Fluxion_V1_Update {
  package init(_ reported: ReportedTask, _ metrics: ClientMetrics, body: Fluxion_V1_Body) {
    self.init()
    (run, round, task) = (reported.run, UInt64(max(reported.round, 0)), reported.task)
    self.body = body
    samples = UInt64(max(metrics.samples, 0))
    steps = UInt64(max(metrics.steps, 0))
    lossSum = metrics.lossSum
    lossCount = UInt64(max(metrics.lossCount, 0))
    seconds = metrics.seconds
    figures = metrics.figures
    vectors = metrics.vectors.mapValues { vector in .with { $0.values = vector } }
  }

  /// What the client tells beside its update.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for anything that no honest client tells,
  ///   ``FluxionError/Code/diverged`` for a loss that is not finite.
  package func metrics(maximumSamples: Int) throws(FluxionError) -> ClientMetrics {
    guard lossSum.isFinite else { throw FluxionError(.diverged, "the training loss became \(lossSum)") }
    guard seconds.isFinite, seconds >= 0 else {
      throw FluxionError(.corruptData, "seconds of work are finite and not negative, not \(seconds)")
    }
    try Wire.count(figures.count, upTo: WireLimits.figures, "figures")
    for (name, value) in figures {
      let name = try Wire.text(name, upTo: WireLimits.nameByteCount, "a figure's name")
      _ = try Wire.finite(value, "figure \(name)")
    }
    return ClientMetrics(
      samples: try Wire.integer(samples, in: 1...maximumSamples, "the number of samples"),
      steps: try Wire.integer(steps, in: 0...(1 << 40), "the number of steps"), lossSum: lossSum,
      lossCount: try Wire.integer(lossCount, in: 0...(1 << 40), "the number of losses"), seconds: seconds,
      figures: figures, vectors: try checkedVectors())
  }

  private func checkedVectors() throws(FluxionError) -> [String: [Float]] {
    try Wire.count(vectors.count, upTo: WireLimits.vectors, "vectors")
    try Wire.count(
      vectors.values.reduce(0) { $0 + $1.values.count }, upTo: WireLimits.vectorValues, "values of vectors")
    for (name, vector) in vectors {
      let name = try Wire.text(name, upTo: WireLimits.nameByteCount, "a vector's name")
      let square = vector.values.reduce(0.0) { $0 + Double($1) * Double($1) }
      guard square.squareRoot() <= WireLimits.vectorNorm else {
        throw FluxionError(
          .corruptData,
          "vector \(name) has finite values and a norm of up to \(WireLimits.vectorNorm), not \(square.squareRoot())")
      }
    }
    return vectors.mapValues(\.values)
  }
}

extension Fluxion_V1_Failure {
  package init(_ reported: ReportedTask, _ error: FluxionError) {
    self.init()
    (run, round, task) = (reported.run, UInt64(max(reported.round, 0)), reported.task)
    kind = error.code == .diverged ? .diverged : .unavailable
    reason = error.message.cut(toBytes: WireLimits.reasonByteCount)
  }
}
