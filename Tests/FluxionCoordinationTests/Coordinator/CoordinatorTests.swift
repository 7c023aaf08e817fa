import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import Synchronization
import Testing

@Suite("Coordinator")
struct CoordinatorTests {
  /// All records of a run.
  private func run<Algorithm>(_ coordinator: Coordinator<Algorithm>) async throws -> [RoundRecord] {
    var records: [RoundRecord] = []
    while let record = try await coordinator.nextRound() { records.append(record) }
    return records
  }

  @Test("takes the weighted mean of the clients' updates, round after round")
  func mean() async throws {
    let federation = FakeFederation { client, _, report in
      report.update(Float(client), samples: client + 1)
    }
    let coordinator = try federation.coordinator()
    let records = try await run(coordinator)
    // (0·1 + 1·2 + 2·3)/6 a round.
    #expect(await coordinator.parameters.values == [Float(8.0 / 6) * 2, Float(8.0 / 6) * 2])
    #expect(await coordinator.stopReason == .completed)
    #expect(records.map(\.round) == [1, 2])
    #expect(records[0].parties.map(\.party) == [0, 1, 2])
    #expect(records[0].parties.map(\.samples) == [1, 2, 3])
    #expect(records[0].trainLoss == 1)
    #expect(records[0].bytesUp == 3 * (2 * 4 + 128))
    #expect(records[0].testLoss.map { abs($0 - 8.0 / 6) < 1e-6 } == true)
  }

  @Test("shows an analysis the rounds it is due in, update by update, which the algorithm does not get to see")
  func analysis() async throws {
    final class Seen: Sendable {
      let rounds = Mutex<[AnalyzedRound]>([])
    }
    struct Unseeing: FederatedAlgorithm {
      let base = FederatedAveraging(local: .sgd(learningRate: 0.1))
      var aggregator: any Aggregator = ExactMean()
      var name: String { "unseeing" }
      func initialState(for parameters: Parameters) throws -> FederatedAveraging.State {
        try base.initialState(for: parameters)
      }
      func plan(round: Int, state: FederatedAveraging.State) throws -> RoundPlan {
        var plan = try base.plan(round: round, state: state)
        plan.aggregator = aggregator
        return plan
      }
      func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout FederatedAveraging.State) throws {
        #expect((aggregate.updates != nil) == (aggregator is KeepingUpdates))
        try base.step(&parameters, aggregate, state: &state)
      }
    }
    for aggregator in [ExactMean(), KeepingUpdates()] as [any Aggregator] {
      var federation = FakeFederation(rounds: 4) { client, _, report in report.update(Float(client), samples: 1) }
      let seen = Seen()
      let clock = federation.clock
      federation.analysis = CoordinatorConfiguration.Analysis(GradientAnalysis(every: 2)) { round in
        seen.rounds.withLock { $0.append(round) }
        clock.advance(by: .seconds(7))
        return RoundAnalysis(
          cohort: round.clients.count, parties: [], gradients: Agreement(GramMatrix(count: 0)))
      }
      let records = try await run(try federation.coordinator(Unseeing(aggregator: aggregator)))
      #expect(records.map { $0.analysis?.cohort } == [3, nil, 3, 3])
      #expect(records.map(\.analysisSeconds) == [7, nil, 7, 7])
      #expect(records.map(\.seconds) == [0, 0, 0, 0])
      let rounds = seen.rounds.withLock { $0 }
      #expect(rounds.map(\.round) == [1, 3, 4])
      #expect(rounds[1].before.values == [2, 2] && rounds[1].after.values == [3, 3])
      #expect(rounds[1].clients == [0, 1, 2])
      #expect(rounds[1].updates?.map(\.values) == [[0, 0], [1, 1], [2, 2]])
    }
  }

  @Test("gives the same bits whatever the order of arrival")
  func arrival() async throws {
    func values(_ order: [Int]) async throws -> [UInt32] {
      let federation = FakeFederation(clients: 5, rounds: 1) { client, request, report in
        // The last client that is asked lets all reports go, in some order.
        guard client == 4 else { return }
        for other in order { report.update(Float(other) / 3 + 1e-4, samples: 2 * other + 1, as: other) }
      }
      let coordinator = try federation.coordinator()
      _ = try await run(coordinator)
      return await coordinator.parameters.values.map(\.bitPattern)
    }
    let expected = try await values([0, 1, 2, 3, 4])
    #expect(try await values([4, 2, 0, 3, 1]) == expected)
    #expect(try await values([3, 4, 1, 0, 2]) == expected)
  }

  @Test("counts twice-reported updates once and tells late and foreign clients so")
  func policing() async throws {
    let federation = FakeFederation { client, request, report in
      if client == 0 {
        for _ in 0..<3 { report.update(1) }
        report.update(1, as: 17)
        if request.round == 2 { report.update(100, round: 1) }
      } else {
        report.update(1)
      }
    }
    let coordinator = try federation.coordinator()
    _ = try await run(coordinator)
    #expect(await coordinator.parameters.values == [2, 2])
    #expect(
      federation.transport.answers.all == [
        "1/0 accepted", "1/0 duplicate", "1/0 duplicate", "1/17 not selected", "1/1 accepted", "1/2 accepted",
        "2/0 accepted", "2/0 duplicate", "2/0 duplicate", "2/17 not selected", "1/0 late", "2/1 accepted",
        "2/2 accepted",
      ])
  }

  @Test(
    "takes the honest clients' mean when one sends what cannot be an update",
    arguments: [Float.nan, .infinity, -.infinity, 1e38])
  func poison(value: Float) async throws {
    let store = InMemoryStore()
    let federation = FakeFederation(store: store, { $0.quorum = 0.5 }) { client, _, report in
      report.update(client == 1 ? value : 1)
    }
    let coordinator = try federation.coordinator()
    _ = try await run(coordinator)
    #expect(await coordinator.parameters.values == [2, 2])
    let refused = store.entries.compactMap { entry in
      if case .updateRefused(let round, let client, let failure) = entry { (round, client, failure.kind) } else { nil }
    }
    #expect(refused.map(\.0) == [1, 2])
    #expect(refused.allSatisfy { $0.1 == 1 && $0.2 == .diverged })
  }

  @Test("does not count a refused update towards the quorum")
  func poisonedQuorum() async throws {
    let federation = FakeFederation({
      $0.quorum = 0.6
      $0.missedRoundLimit = 1
    }) { client, _, report in
      report.update(client == 2 ? 1 : .nan)
    }
    let coordinator = try federation.coordinator()
    #expect(try await run(coordinator).isEmpty)
    #expect(await coordinator.stopReason == .quorumMissed(round: 1))
    #expect(await coordinator.parameters.values == [0, 0])
  }

  @Test("refuses an update of the wrong length or an absurd number of samples")
  func malformed() async throws {
    let federation = FakeFederation(clients: 4, { $0.quorum = 0.5 }) { client, _, report in
      switch client {
      case 0: report.update(9, count: 3)
      case 1: report.update(9, samples: 1_000_000_000_000)
      default: report.update(1)
      }
    }
    let coordinator = try federation.coordinator()
    _ = try await run(coordinator)
    #expect(await coordinator.parameters.values == [2, 2])
    #expect(
      federation.transport.answers.all.prefix(4)
        == ["1/0 refused: malformed", "1/1 refused: malformed", "1/2 accepted", "1/3 accepted"])
  }

  @Test("goes on at the deadline with the clients that are there, and tells the straggler that it is late")
  func deadline() async throws {
    let clock = VirtualClock()
    let federation = FakeFederation(
      rounds: 2,
      {
        $0.quorum = 0.6
        $0.deadline = .seconds(60)
      }
    ) { client, request, report in
      // The straggler answers a second after the deadline of round 1.
      if client == 2, request.round == 1 {
        _ = clock.schedule(after: .seconds(61)) { report.update(1000) }
      } else {
        report.update(Float(client + 1))
      }
    }
    let coordinator = try Coordinator(
      FederatedAveraging(local: .sgd(learningRate: 0.1)),
      CoordinatorConfiguration(
        policy: federation.policy, parameters: Parameters(zerosFor: try ParameterLayout([("w", [2])])),
        evaluate: { _ in
          clock.advance(by: .seconds(2))
          return Evaluation()
        }),
      transport: federation.transport, clock: HurryingClock(clock: clock), store: federation.store)
    let records = try await run(coordinator)
    #expect(await coordinator.parameters.values == [3.5, 3.5])
    #expect(records.map { $0.parties.map(\.party) } == [[0, 1], [0, 1, 2]])
    #expect(records[0].seconds == 60)
    #expect(records[0].evaluationSeconds == 2)
    #expect(federation.transport.answers.all.contains("1/2 late"))
  }

  @Test("gives up when rounds miss their quorum again and again")
  func quorum() async throws {
    let federation = FakeFederation(rounds: 10) { client, _, report in
      if client == 0 { report.failure(.unavailable, "no power") } else { report.update(1) }
    }
    let coordinator = try federation.coordinator()
    #expect(try await run(coordinator).isEmpty)
    #expect(await coordinator.parameters.values == [0, 0])
    #expect(await coordinator.stopReason == .quorumMissed(round: 3))
  }

  @Test("stops with the names of round and client when training diverges and the policy says so")
  func diverged() async throws {
    let federation = FakeFederation({ $0.onFailure = .stops }) { client, request, report in
      if client == 1, request.round == 2 { report.failure(.diverged, "the loss is NaN") } else { report.update(1) }
    }
    let coordinator = try federation.coordinator()
    #expect(try await coordinator.nextRound()?.round == 1)
    let error = await #expect(throws: FluxionError.self) { try await coordinator.nextRound() }
    #expect(error?.code == .diverged)
    #expect(error?.message.contains("round 2 at party 1") == true)
    #expect(await coordinator.parameters.values == [1, 1])
    #expect(try await coordinator.nextRound() == nil)
  }

  @Test("drops what an attempt at a round left behind when the round is begun again")
  func abandoned() async throws {
    /// Changes nothing when training diverges, and has the round begun again.
    struct Trying: FederatedAlgorithm {
      var base = FederatedAveraging(local: .sgd(learningRate: 0.1))
      var name: String { base.name }
      func initialState(for parameters: Parameters) throws -> FederatedAveraging.State {
        try base.initialState(for: parameters)
      }
      func plan(round: Int, state: FederatedAveraging.State) throws -> RoundPlan {
        try base.plan(round: round, state: state)
      }
      func step(_ parameters: inout Parameters, _ aggregate: Aggregate, state: inout FederatedAveraging.State) throws {
        try base.step(&parameters, aggregate, state: &state)
      }
      func recover(from divergence: Divergence, state: inout FederatedAveraging.State) -> String? { "again" }
    }
    let attempts = Mutex(0)
    let federation = FakeFederation(clients: 2, rounds: 1, { $0.onFailure = .stops }) { client, _, report in
      let attempt = attempts.withLock { attempts in
        if client == 0 { attempts += 1 }
        return attempts
      }
      switch (attempt, client) {
      case (1, 0): report.failure(.diverged, "the loss is NaN")
      case (1, _): report.update(100)
      default: report.update(1)
      }
    }
    let coordinator = try federation.coordinator(Trying())
    #expect(try await run(coordinator).count == 1)
    #expect(await coordinator.parameters.values == [1, 1])
    #expect(federation.transport.answers.all == ["1/0 refused: diverged", "1/1 late", "1/0 accepted", "1/1 accepted"])
  }

  @Test("goes on after a restart to the same bits as if nothing had happened", arguments: [0, 1, 2, 3])
  func restart(after rounds: Int) async throws {
    func federation(_ store: InMemoryStore) -> FakeFederation {
      FakeFederation(clients: 20, rounds: 4, store: store, { $0.cohort = .count(3) }) { client, request, report in
        report.update(Float(client) / 7 + request.parameters.values[0] / 3, samples: client + 1)
      }
    }
    let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1), server: .adam())
    let undisturbed = try federation(InMemoryStore()).coordinator(algorithm)
    let expected = try await run(undisturbed)

    let store = InMemoryStore()
    let first = try federation(store).coordinator(algorithm)
    var records: [RoundRecord] = []
    for _ in 0..<rounds { if let record = try await first.nextRound() { records.append(record) } }
    let second = try federation(store).coordinator(algorithm)
    records += try await run(second)
    #expect(records.map(\.round) == expected.map(\.round))
    #expect(records.map(\.testLoss) == expected.map(\.testLoss))
    #expect(await second.parameters == undisturbed.parameters)
  }

  @Test("has every accepted update on record before a client hears of it")
  func journal() async throws {
    let told = Mutex<FakeTransport.Answers?>(nil)
    let answersBefore = Mutex<[String]>([])
    let store = HookedStore { entry in
      if case .updatesAccepted(let reports) = entry {
        answersBefore.withLock { $0.append("\(reports.map(\.client)) \(told.withLock { $0?.all.count } ?? -1)") }
      }
    }
    let federation = FakeFederation(rounds: 1, store: store) { _, _, report in report.update(1) }
    told.withLock { $0 = federation.transport.answers }
    _ = try await run(try federation.coordinator())
    #expect(
      store.base.entries.map(\.kind) == [
        "runStarted", "roundStarted", "updatesAccepted", "updatesAccepted", "updatesAccepted", "roundRecorded",
        "runFinished",
      ])
    #expect(answersBefore.withLock { $0 } == ["[0] 0", "[1] 1", "[2] 2"])
    #expect(federation.transport.answers.all == ["1/0 accepted", "1/1 accepted", "1/2 accepted"])
  }

  @Test("does not take a fault of the store for one of the update, and answers nobody")
  func brokenStore() async throws {
    let store = HookedStore { entry in
      if case .updatesAccepted = entry { throw FluxionError(.corruptData, "the journal is damaged") }
    }
    let federation = FakeFederation(rounds: 1, store: store, { $0.quorum = 0.1 }) { _, _, report in report.update(1) }
    let coordinator = try federation.coordinator()
    for _ in 0..<2 {
      let error = await #expect(throws: FluxionError.self) { try await coordinator.nextRound() }
      #expect(error?.message == "the journal is damaged")
    }
    #expect(federation.transport.answers.all == [])
    #expect(await coordinator.parameters.values == [0, 0])
  }

  @Test("ends when asked to while it waits, and when its task is cancelled")
  func stops() async throws {
    let silent = FakeFederation { _, _, _ in }
    let coordinator = try silent.coordinator()
    coordinator.stop()
    #expect(try await coordinator.nextRound() == nil)
    #expect(await coordinator.stopReason == .requested)

    let cancelled = try silent.coordinator()
    let task = Task { try await cancelled.nextRound() }
    task.cancel()
    #expect(try await task.value == nil)
    #expect(await cancelled.stopReason == .requested)
  }
}

/// Moves virtual time to every deadline as soon as it is set.
private struct HurryingClock: RunClock {
  let clock: VirtualClock

  func now() -> Duration { clock.now() }

  func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> ScheduledAction {
    let scheduled = clock.schedule(after: delay, action)
    clock.advance(by: delay)
    return scheduled
  }
}
