import FluxionCoordination
import FluxionFederation
import FluxionWire
import Synchronization

extension GRPCTransport {
  /// What clients work at, and the answers to what is over.
  var handOuts: HandOuts { state.withLock { $0.handOuts } }

  /// Gives a report to the coordinator, and tells the client what becomes of it; late if nobody will say anything.
  ///
  /// - Returns: what the client was told.
  func judge(
    _ reported: ReportedTask, of client: Int, on stream: ClientStream, _ outcome: ClientReport.Outcome,
    values: [Float] = [], isFailure: Bool = false
  ) async -> Judgement {
    let task = reported.task
    return await withCheckedContinuation { continuation in
      let pending = PendingReport(reported: reported, stream: stream, isFailure: isFailure, continuation: continuation)
      let (known, deliver) = state.withLock { state -> (Judgement?, (@Sendable (ReportBatch) -> Void)?) in
        guard let handOut = state.handOuts[task] else { return (.verdict(.late), nil) }
        if let known = handOut.judgement(for: client) { return (known, nil) }
        let isFirst = state.handOuts.update(task) { $0.wait(client, pending) } ?? false
        return (nil, isFirst ? handOut.deliver : nil)
      }
      if let known { return pending.resolve(known) }
      let report = ClientReport(round: reported.round, client: client, outcome: outcome)
      deliver?(
        ReportBatch(
          reports: [report],
          updates: ReceivedUpdate(client: client, outcome: outcome, values: values) { [self] verdict in
            note(verdict, on: task, of: client)
          }))
    }
  }

  private func note(_ verdict: Verdict, on task: UInt64, of client: Int) {
    let (waiting, judgement) = state.withLock { state in
      state.handOuts.update(task) { $0.answer(client, verdict) } ?? ([], .verdict(.late))
    }
    for report in waiting { report.resolve(judgement) }
  }

  /// Tells clients what became of their reports, those of them that are there.
  func tell(_ addressees: [HandOuts.Addressees], _ verdict: Verdict) {
    for some in addressees {
      let streams = state.withLock { state in some.clients.compactMap { state.streams[$0] } }
      for stream in streams { stream.send(verdict, on: some.task, round: UInt64(some.round)) }
    }
  }
}

/// One client's update as it came over the wire.
private struct ReceivedUpdate: UpdateSource {
  let client: Int
  let outcome: ClientReport.Outcome
  let values: [Float]
  let onVerdict: @Sendable (Verdict) -> Void

  func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) throws {
    guard case .trained(let metrics) = outcome else { return }
    let weight = weighting.weight(samples: metrics.samples)
    try values.withUnsafeBufferPointer { try sum.fold($0, weight: weight, client: client) }
  }

  func answer(_ verdicts: [Verdict]) { verdicts.first.map(onVerdict) }
}
