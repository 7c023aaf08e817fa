import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import Testing

@Suite("What a journal says of its run")
struct RunHistoryTests {
  private func record(_ round: Int) -> RoundRecord {
    RoundRecord(round: round, trainLoss: 0, seconds: 0, bytesUp: 0, bytesDown: 0)
  }

  @Test("has each round that counts once, whatever was begun again")
  func rounds() {
    var history = RunHistory()
    #expect(!history.hasBegun)
    for entry: JournalEntry in [
      .runStarted(algorithm: "a", clients: 1, parameterCount: 1), .roundRecorded(record(1)), .roundDiscarded(round: 2),
      .runFinished(.requested), .runResumed(afterRound: 1), .roundRecorded(record(2)), .roundMissed(round: 3),
      .roundRecorded(record(4)),
    ] { history.add(entry) }
    #expect(history.hasBegun && history.stopReason == nil)
    #expect(history.rounds.map(\.round) == [1, 2, 4])
    #expect(history.lastRound == 4 && history.missedRounds == 0)
    history.add(.roundMissed(round: 5))
    #expect(history.lastRound == 5 && history.missedRounds == 1)
    history.add(.wentBack(toRound: 2, reason: "damage"))
    #expect(history.rounds.map(\.round) == [1, 2])
    #expect(history.lastRound == 2 && history.missedRounds == 0)
    history.add(.runFinished(.quorumMissed(round: 3)))
    #expect(history.stopReason == .quorumMissed(round: 3))
  }

  @Test("leaves a missed round missed when the coordinator is another, and counts it")
  func missed() async throws {
    let store = InMemoryStore()
    func federation() -> FakeFederation {
      FakeFederation(rounds: 5, store: store, { $0.missedRoundLimit = 2 }) { client, request, report in
        if [2, 4, 5].contains(request.round), client == 1 {
          report.failure(.unavailable, "no power")
        } else {
          report.update(1)
        }
      }
    }
    var rounds: [Int] = []
    // Each coordinator is dropped after a record, as if its process had died there.
    for _ in 0..<2 { try await rounds.append(federation().coordinator().nextRound()?.round ?? 0) }
    #expect(rounds == [1, 3])
    let last = try federation().coordinator()
    #expect(try await last.nextRound() == nil)
    #expect(await last.stopReason == .quorumMissed(round: 5))
    #expect(await last.parameters.values == [2, 2])
    #expect(store.history().rounds.map(\.round) == [1, 3])
  }

  @Test("ends a run that was at its end when its coordinator died, and does not train on")
  func ended() async throws {
    let store = InMemoryStore()
    func coordinator() throws -> Coordinator<FederatedAveraging> {
      try FakeFederation(rounds: 9, store: store, { $0.patience = 0 }) { _, _, report in report.update(1) }
        .coordinator()
    }
    // The loss of the fake federation rises with every round.
    let first = try coordinator()
    #expect(try await first.nextRound()?.round == 1)
    #expect(try await first.nextRound()?.round == 2)
    #expect(store.history().stopReason == nil)
    for _ in 0..<2 {
      let next = try coordinator()
      #expect(try await next.nextRound() == nil)
      #expect(await next.stopReason == .noImprovement(evaluations: 1))
      #expect(await next.parameters.values == [2, 2])
      #expect(store.history().stopReason == .noImprovement(evaluations: 1))
    }
    #expect(store.entries.filter { $0.kind == "runFinished" }.count == 1)
  }

  @Test("keeps the parameters of the last record when a round cannot be put on record")
  func unrecorded() async throws {
    struct Full: Error {}
    let store = HookedStore { if case .roundRecorded(let record) = $0, record.round == 2 { throw Full() } }
    let coordinator = try FakeFederation(store: store) { _, _, report in report.update(1) }.coordinator()
    #expect(try await coordinator.nextRound()?.round == 1)
    for _ in 0..<2 { await #expect(throws: Full.self) { try await coordinator.nextRound() } }
    #expect(await coordinator.parameters.values == [1, 1])
  }
}
