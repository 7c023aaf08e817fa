import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import FluxionStore
import Foundation
import Synchronization
import Testing

/// What every store promises. A new one is a new row.
@Suite("Every store")
struct StoreContractTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What opens one place again and again.
    let place: @Sendable () throws -> @Sendable () throws -> any Store
  }

  static let rows = [
    Row(testDescription: "InMemoryStore") {
      let store = InMemoryStore()
      return { store }
    },
    Row(testDescription: "SQLiteStore") {
      let folder = try Folder()
      let store = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
      return {
        _ = folder
        return store
      }
    },
    Row(testDescription: "SQLiteStore, opened anew each time") {
      let folder = try Folder()
      let latest = Mutex<SQLiteStore?>(nil)
      return {
        try latest.withLock { store in
          store?.close()
          let opened = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
          store = opened
          return opened
        }
      }
    },
  ]

  struct State: Codable, Hashable, Sendable {
    var moments: [[Float]]
    var logits: [Int: Double] = [:]
  }

  private static func record(_ round: Int) -> RoundRecord {
    RoundRecord(
      round: round, testAccuracy: 0.1 * Double(round), testLoss: .infinity, testMetrics: ["rmse": 1.0 / 3],
      trainLoss: .nan, seconds: 0.25, bytesUp: 1, bytesDown: 2,
      parties: [PartyRecord(party: 0, name: "Łódź \"1\"\n", samples: 3, steps: 4, trainLoss: 0.1, seconds: 1e-9)],
      tuning: TuningRecord(values: ["a": 1e-300], alignments: [:]), notes: ["a note"])
  }

  private static func checkpoint(_ round: Int) throws -> Checkpoint<State> {
    var progress = RoundStateMachine.Progress()
    progress.round = round
    progress.stopping.best = 1.0 / Double(round)
    let values = (0..<5).map { Float($0) / 3 + Float(round) } + [.nan, -.infinity, -0.0, .leastNonzeroMagnitude]
    return Checkpoint(
      progress: progress,
      parameters: try Parameters(layout: ParameterLayout([("w", [3, 3])]), values: values),
      state: State(moments: [values.reversed(), []], logits: [round: 0.1, -3: .pi]),
      memory: WorldMemory(
        tuning: [4: TuningMemory(round: round, steps: 2, tangents: [nil, values])],
        time: .seconds(1) / 3, arrivals: [7: .seconds(1 << 40) + .nanoseconds(1)]))
  }

  /// Equality by bits.
  private static func bits(_ checkpoint: Checkpoint<State>?) -> [[UInt32]] {
    guard let checkpoint else { return [] }
    let tangents = checkpoint.memory.tuning.values.flatMap(\.tangents).map { $0 ?? [] }
    return ([checkpoint.parameters.values] + checkpoint.state.moments + tangents).map { $0.map(\.bitPattern) }
  }

  /// A record's text, in which NaN is equal to itself.
  private static func text(_ records: [RoundRecord]) -> [String] { records.map { "\($0)" } }

  @Test("begins empty", arguments: rows)
  func empty(row: Row) async throws {
    let open = try row.place()
    #expect(try await open().history() == RunHistory())
    #expect(try await open().checkpoint(of: State.self)?.parameters == nil)
  }

  @Test("gives back every record as it was, and the latest checkpoint to the bit", arguments: rows)
  func roundTrip(row: Row) async throws {
    let open = try row.place()
    try await open().append(.runStarted(algorithm: "fedavg", clients: 2, parameterCount: 9))
    for round in 1...4 {
      try await open().append(.roundStarted(round: round, cohort: 2))
      try await open().record(Self.record(round), saving: try Self.checkpoint(round))
      let found = try await open().checkpoint(of: State.self)
      let expected = try Self.checkpoint(round)
      #expect(Self.bits(found) == Self.bits(expected))
      #expect(found?.progress == expected.progress)
      #expect(found?.state.logits == expected.state.logits)
      #expect(found?.memory.time == expected.memory.time)
      #expect(found?.memory.arrivals == expected.memory.arrivals)
      #expect(found?.memory.tuning[4]?.tangents.map { $0 == nil } == [true, false])
      let rounds = try await open().history().rounds
      #expect(Self.text(rounds) == Self.text((1...round).map(Self.record)))
    }
  }

  @Test("says how the run stands", arguments: rows)
  func history(row: Row) async throws {
    let open = try row.place()
    let entries: [JournalEntry] = [
      .runStarted(algorithm: "fedavg", clients: 2, parameterCount: 9),
      .roundStarted(round: 1, cohort: 2),
      .updateRefused(round: 1, client: 0, ClientFailure(.diverged, "it became \u{1F622} NaN")),
      .updatesAccepted([ClientReport(round: 1, client: 1, outcome: .failed(ClientFailure(.unavailable, "")))]),
      .roundMissed(round: 1),
      .roundStarted(round: 2, cohort: 2),
      .roundDiscarded(round: 2),
      .runFinished(.targetReached(accuracy: 0.3)),
      .runResumed(afterRound: 1),
      .roundMissed(round: 2),
      .runFinished(.clientFailed(round: 3, client: 1, ClientFailure(.malformed, "no"))),
    ]
    for (count, entry) in entries.enumerated() {
      try await open().append(entry)
      // What is provisional may go with the process.
      guard !entry.isProvisional else { continue }
      #expect(try await open().history() == RunHistory(entries[...count]))
    }
    let history = try await open().history()
    #expect(history.hasBegun)
    #expect(history.lastRound == 2)
    #expect(history.missedRounds == 2)
    #expect(history.stopReason == .clientFailed(round: 3, client: 1, ClientFailure(.malformed, "no")))
  }

  @Test("knows whose updates count in the last recorded round, and in no other", arguments: rows)
  func counted(row: Row) async throws {
    let open = try row.place()
    for round in 1...3 {
      let store = try open()
      try await store.append(.roundStarted(round: round, cohort: 2))
      for client in [round, 7] {
        let report = ClientReport(round: round, client: client, outcome: .failed(ClientFailure(.unavailable, "")))
        try await store.append(.updatesAccepted([report]))
      }
      try await store.record(Self.record(round), saving: try Self.checkpoint(round))
      #expect(try await open().history().counted == [round, 7])
    }
    try await open().append(.runFinished(.completed))
    #expect(try await open().history().counted == [3, 7])
    let store = try open()
    try await store.append(.roundStarted(round: 4, cohort: 2))
    try await store.append(
      .updatesAccepted([ClientReport(round: 4, client: 1, outcome: .failed(ClientFailure(.unavailable, "")))]))
    try await store.append(.updateRefused(round: 4, client: 2, ClientFailure(.diverged, "")))
    #expect(try await open().history().counted == [3, 7])
    try await open().append(.roundMissed(round: 4))
    #expect(try await open().history().counted.isEmpty)
  }

  @Test("refuses to give a checkpoint for the state of another algorithm", arguments: rows)
  func foreign(row: Row) async throws {
    let open = try row.place()
    try await open().record(Self.record(1), saving: try Self.checkpoint(1))
    let error = await #expect(throws: FluxionError.self) {
      try await open().checkpoint(of: FederatedAveraging.State.self)
    }
    #expect(error?.code == .corruptData)
    #expect(error?.message.contains("another algorithm") == true)
  }

  @Test("lets a run go on after any round, and after every one, to the same bits and records", arguments: rows)
  func resumes(row: Row) async throws {
    let expected = try await TinyFederation.undisturbed()
    #expect(expected.records.map(\.round) == [1, 2, 3, 4, 5])
    #expect(expected.stopReason == .completed)
    for rounds in 0...TinyFederation.rounds {
      let open = try row.place()
      _ = try await TinyFederation.run(open(), rounds: rounds)
      #expect(try await TinyFederation.run(open()) == expected)
      // Once more: there is nothing left to do.
      #expect(try await TinyFederation.run(open()) == expected)
    }
    let open = try row.place()
    for _ in 0..<TinyFederation.rounds { _ = try await TinyFederation.run(open(), rounds: 1) }
    #expect(try await TinyFederation.run(open()) == expected)
  }
}
