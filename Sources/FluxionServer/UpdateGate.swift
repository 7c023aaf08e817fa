import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionWire

/// What is checked of an update before anybody folds it in, beside what the round makes of it.
struct UpdateGate: Sendable {
  var run: String
  var maximumSamples: Int
  var maximumNorm: Double?

  /// The first task of this life of the server.
  var firstTask: UInt64 = 1
  /// Whose updates count in the last round that an earlier life recorded.
  var counted: (round: Int, parties: Set<Int>)?

  /// Whether a report is of a task at hand.
  ///
  /// - Returns: nil if it is, else what becomes of it.
  func judgement(on reported: ReportedTask, of client: Int, _ handOuts: HandOuts) -> Judgement? {
    func refused(_ reason: String) -> Judgement { .verdict(.refused(ClientFailure(.malformed, reason))) }
    guard reported.run == run else { return refused("the report is of run \(reported.run), not \(run)") }
    if reported.task >= 1, reported.task < firstTask {
      return .verdict(counted?.round == reported.round && counted?.parties.contains(client) == true ? .accepted : .late)
    }
    guard reported.task >= 1, reported.task <= handOuts.lastTask else {
      return refused("task \(reported.task) was never handed out")
    }
    guard let handOut = handOuts[reported.task] else {
      return .verdict(handOuts.pastAnswer(on: reported.task, to: client) ?? .late)
    }
    guard reported.round == handOut.request.round else {
      return refused("task \(reported.task) is of round \(handOut.request.round), not \(reported.round)")
    }
    return handOut.judgement(for: client)
  }

  /// What a client tells beside its update.
  ///
  /// - Parameter samples: what it said it holds.
  /// - Throws: ``FluxionError`` that says what no honest client tells.
  func metrics(of update: Fluxion_V1_Update, samples: Int) throws(FluxionError) -> ClientMetrics {
    let metrics = try update.metrics(maximumSamples: maximumSamples)
    guard metrics.samples == samples else {
      throw FluxionError(
        .corruptData, "the client said that it holds \(samples) samples, and now claims \(metrics.samples)")
    }
    return metrics
  }

  /// - Throws: ``FluxionError/Code/diverged`` for a value that is not finite or an update that is too long.
  func check(_ values: [Float]) throws(FluxionError) {
    // Squares of finite floats, and sums of as many as there are, stay far within a double.
    let square = dotProduct(values, values)
    guard square.isFinite else {
      let place = values.firstIndex { !$0.isFinite } ?? 0
      throw FluxionError(.diverged, "value \(place) of the update is \(values[place])")
    }
    if let maximumNorm, square.squareRoot() > maximumNorm {
      throw FluxionError(
        .diverged, "the update's norm is \(Float(square.squareRoot())), above the bound of \(maximumNorm)")
    }
  }
}
