import FluxionCalculus
import FluxionFederation
import FluxionLearning
import Synchronization
import Testing

@testable import FluxionCoordination

/// Clients that need a known time and report a known value, in virtual time.
private final class TimedTransport: Transport {
  let clock = VirtualClock()
  private let seconds: [Double]
  private let ended = Mutex<[Int]>([])

  init(seconds: [Double]) { self.seconds = seconds }

  /// Rounds of which nothing is wanted, in the order in which that was said.
  var endedRounds: [Int] { ended.withLock { $0 } }

  func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) {
    for client in request.clients {
      _ = clock.schedule(after: .seconds(seconds[client])) {
        FakeTransport.Reporter(
          deliver: deliver, request: request, client: client, answers: FakeTransport.Answers()
        ).update(Float(client + 1))
      }
    }
  }

  func endRound(_ round: Int) { ended.withLock { $0.append(round) } }

  func advance() { if let due = clock.nextDue { clock.advance(to: due) } }
}

@Suite("Buffered asynchronous aggregation")
struct BufferedAggregationTests {
  private func run(
    _ transport: TimedTransport, clients: Int, rounds: Int, store: InMemoryStore = InMemoryStore(),
    atMost limit: Int = .max, _ change: (inout RoundPolicy) -> Void
  ) async throws -> (records: [RoundRecord], values: [Float]) {
    var policy = RoundPolicy(clients: clients, rounds: rounds, key: RandomKey(seed: 7))
    change(&policy)
    let coordinator = try Coordinator(
      FederatedAveraging(local: .sgd(learningRate: 0.1), weighting: .uniform),
      CoordinatorConfiguration(
        policy: policy, parameters: Parameters(zerosFor: try ParameterLayout([("w", [1])])),
        evaluate: { Evaluation(loss: Double($0.values[0]), examples: 1) }),
      transport: transport, clock: transport.clock, stopwatch: WallClock(), store: store)
    var (records, values): ([RoundRecord], [Float]) = ([], [])
    while records.count < limit, let record = try await coordinator.nextRound() {
      records.append(record)
      values.append(await coordinator.parameters.values[0])
    }
    return (records, values)
  }

  /// Clients 0, 1 and 2 need 1 s, 1.6 s and 3.5 s and report 1, 2 and 3; the server steps with every two.
  @Test("takes the steps that a table by hand takes, each update scaled by the formula of staleness")
  func table() async throws {
    let transport = TimedTransport(seconds: [1, 1.6, 3.5])
    let (records, values) = try await run(transport, clients: 3, rounds: 4) {
      $0.pace = .buffered(2)
      $0.late = .buffered(StalenessWeighting())
    }
    // 0 at 1.0 and 1 at 1.6; 0 at 2.6 and 1 at 3.2; 2 at 3.5 from two steps before and 0 at 4.2; 1 at 4.8, from one step
    // before, and 0 at 5.2.
    let third = (3 / Double(3).squareRoot() + 1) / 2
    let fourth = (2 / Double(2).squareRoot() + 1) / 2
    let expected = [1.5, 3, 3 + third, 3 + third + fourth]
    for (value, expected) in zip(values, expected) { #expect(abs(Double(value) - expected) < 1e-6) }
    #expect(records.map { $0.parties.map(\.party) } == [[0, 1], [0, 1], [0, 2], [0, 1]])
    #expect(records.map { $0.parties.map { $0.staleness ?? 0 } } == [[0, 0], [0, 0], [0, 2], [0, 1]])
    let seconds = records.map { $0.simulatedSeconds ?? 0 }
    for (second, expected) in zip(seconds, [1.6, 3.2, 4.2, 5.2]) { #expect(abs(second - expected) < 1e-9) }
    // The first round is awaited until the third, and at the end so is nothing.
    #expect(transport.endedRounds == [2, 1, 3, 4])
  }

  @Test("with an exponent of 0 an old update counts like any other", arguments: [(0.0, 1.0), (1.0, 1.0 / 3)])
  func exponent(exponent: Double, factor: Double) async throws {
    let (_, values) = try await run(TimedTransport(seconds: [1, 1.6, 3.5]), clients: 3, rounds: 3) {
      $0.pace = .buffered(2)
      $0.late = .buffered(StalenessWeighting(exponent: exponent))
    }
    #expect(abs(Double(values[2]) - (3 + (3 * factor + 1) / 2)) < 1e-6)
  }

  @Test("the factor is (1 + τ)^(−a), and exactly 1 for what is not stale")
  func factor() {
    for exponent in [0, 0.5, 1, 3] {
      let weighting = StalenessWeighting(exponent: exponent)
      #expect(weighting.factor(staleness: 0) == 1)
      var product = 1.0
      for staleness in 1...20 {
        // By the ratio of neighbours, not by a power of the whole.
        product *= Double(staleness).squareRoot() / Double(staleness + 1).squareRoot()
        var expected = 1.0
        for _ in 0..<Int(2 * exponent) { expected *= product }
        #expect(abs(Double(weighting.factor(staleness: staleness)) - expected) < 1e-6)
      }
    }
  }

  @Test("an over-selected round takes the first, and the rest is dropped or counts in the next, by policy")
  func overSelected() async throws {
    func values(_ late: RoundPolicy.LateUpdates) async throws -> [Float] {
      try await run(TimedTransport(seconds: [1, 1.6, 2.5]), clients: 3, rounds: 2) {
        ($0.cohort, $0.overSelection, $0.late) = (.count(2), 1.5, late)
      }.values
    }
    #expect(try await values(.discarded) == [1.5, 3])
    // In round 2 there are client 0 at 2.6 and, before it, client 2 at 2.5.
    let both = try await values(.buffered(StalenessWeighting(exponent: 1)))
    #expect(both == [1.5, 1.5 + (3 * 0.5 + 1) / 2])
  }

  @Test("a deadline in virtual time ends a round with its quorum, and one without is missed")
  func deadlines() async throws {
    let transport = TimedTransport(seconds: [1, 1.6, 9])
    let (records, values) = try await run(transport, clients: 3, rounds: 2) {
      ($0.deadline, $0.quorum) = (.seconds(2), 0.5)
    }
    #expect(values == [1.5, 3])
    #expect(records.map { $0.simulatedSeconds ?? 0 } == [2, 4])
    let none = try await run(TimedTransport(seconds: [1, 1.6, 9]), clients: 3, rounds: 2) {
      $0.deadline = .seconds(2)
    }
    #expect(none.records.isEmpty)
  }

  @Test("after a restart, clients in processes of their own begin from the model on record, and nobody is waited for")
  func restarted() async throws {
    func buffered(_ policy: inout RoundPolicy) {
      (policy.pace, policy.late) = (.buffered(2), .buffered(StalenessWeighting()))
    }
    let store = InMemoryStore()
    _ = try await run(
      TimedTransport(seconds: [1, 1.6, 3.5]), clients: 3, rounds: 4, store: store, atMost: 2, buffered)
    let (records, values) = try await run(
      TimedTransport(seconds: [1, 1.6, 3.5]), clients: 3, rounds: 4, store: store, buffered)
    #expect(records.map(\.round) == [3, 4])
    #expect(records.map { $0.parties.map(\.party) } == [[0, 1], [0, 1]])
    #expect(values == [4.5, 6])
    #expect(store.history().rounds.count == 4)
  }

  @Test("a round is over once nobody is waited for who began in it")
  func givenUp() async throws {
    let transport = TimedTransport(seconds: [1, 1.6, 99])
    let (records, _) = try await run(transport, clients: 3, rounds: 5) {
      ($0.pace, $0.late) = (.buffered(2), .buffered(StalenessWeighting(maximum: 1)))
    }
    #expect(records.count == 5)
    #expect(transport.endedRounds == [2, 1, 4, 3, 5])
  }

  @Test("is refused to an algorithm that compares the updates of one round")
  func refused() async throws {
    let layout = try ParameterLayout([("w", [1])])
    var policy = RoundPolicy(clients: 3, rounds: 2, key: RandomKey(seed: 7))
    (policy.pace, policy.late) = (.buffered(2), .buffered(StalenessWeighting()))
    let transport = TimedTransport(seconds: [1, 1, 1])
    let coordinator = try Coordinator(
      TunedAveraging(FederatedAveraging(local: .sgd(learningRate: 0.1)), Tuning([.learningRate])),
      CoordinatorConfiguration(
        policy: policy, parameters: Parameters(zerosFor: layout), evaluate: { _ in Evaluation() }),
      transport: transport, clock: transport.clock, store: InMemoryStore())
    let error = await #expect(throws: FluxionError.self) { try await coordinator.nextRound() }
    #expect(error?.code == .unsupported)
  }
}
