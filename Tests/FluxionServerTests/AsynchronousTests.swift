@testable import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import Synchronization
import Testing

@Suite("Buffered asynchronous aggregation over gRPC", .timeLimit(.minutes(10)))
struct AsynchronousTests {
  private static let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16))

  /// Something that parties wait for.
  private final class Signal: Sendable {
    private let (stream, input) = AsyncStream<Void>.makeStream()
    func give() { input.finish() }
    func wait() async { for await _ in stream {} }
  }

  @Test("with a buffer of everybody FedBuff is FedAvg in one process, bit for bit")
  func everybody() async throws {
    var federation = try Federation(Self.algorithm)
    let plain = try await federation.run(.inProcess)
    federation.adjust = { ($0.pace, $0.late) = (.buffered(3), .buffered(StalenessWeighting())) }
    let buffered = try await federation.run(.loopback)
    #expect(buffered.stopReason == .completed)
    #expect(buffered.parameters.bits == plain.parameters.bits)
  }

  @Test("three clients that come and go as they like finish a run in which the server steps with every one")
  func free() async throws {
    var federation = try Federation(Self.algorithm)
    federation.rounds = 9
    federation.adjust = { ($0.pace, $0.late) = (.buffered(1), .buffered(StalenessWeighting())) }
    let outcome = try await federation.run(.loopback)
    #expect(outcome.stopReason == .completed)
    #expect(outcome.records.count == 9)
    #expect(outcome.records.allSatisfy { $0.parties.count == 1 })
  }

  /// What a party computed, in the order in which it counted.
  private struct Contribution: Sendable {
    var party: Int
    var samples: Int
    var values: [Float]
  }

  /// The model of the first task, and what counted in which round.
  private final class Seen: Sendable {
    let initial = Mutex<[Float]>([])
    let rounds = Mutex<[Int: [Contribution]]>([:])
  }

  /// Parties 0 and 1 make round 1; 2, which is still at it, makes round 2 with 0; and 1, late itself, round 3 with 2.
  @Test("models of several rounds are out at once, and a late update counts by its staleness")
  func overlapping() async throws {
    var federation = try Federation(Self.algorithm)
    federation.adjust = { ($0.pace, $0.late) = (.buffered(2), .buffered(StalenessWeighting(exponent: 1))) }
    let fixed = federation
    let (zeroHasTwo, oneHasTwo, twoHasSent, roundTwoIsOver) = (Signal(), Signal(), Signal(), Signal())
    let seen = Seen()

    /// Does the work of a task and sends it.
    @Sendable func send(_ party: Int, _ talk: Talk, _ task: (ReportedTask, ServerStream.Ready), countsIn round: Int)
      throws
    {
      let (update, values) = try work(task.0, task.1, fixed.partition[party])
      seen.rounds.withLock {
        $0[round, default: []].append(
          Contribution(party: party, samples: fixed.partition[party].count, values: values))
      }
      talk.send(update, OutgoingBody([("update", values)]))
    }

    let outcome = try await fixed.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await Talk.open(port) { talk in
            talk.greet(fixed.partition.name(of: 0), fixed.partition[0])
            let task = try #require(try await talk.task())
            seen.initial.withLock { $0 = task.1.parameters }
            try send(0, talk, task, countsIn: 1)
            #expect(try #require(try await talk.verdict()).kind == .accepted)
            let next = try #require(try await talk.task())
            #expect(next.0.round == 2 && next.0.task > task.0.task)
            zeroHasTwo.give()
            await twoHasSent.wait()
            try send(0, talk, next, countsIn: 2)
            #expect(try #require(try await talk.verdict()).kind == .accepted)
            // It does nothing in round 3, which ends without it.
            try await talk.wait()
          }
        }
        group.addTask {
          try await Talk.open(port) { talk in
            talk.greet(fixed.partition.name(of: 1), fixed.partition[1])
            try send(1, talk, try #require(try await talk.task()), countsIn: 1)
            #expect(try #require(try await talk.verdict()).kind == .accepted)
            let next = try #require(try await talk.task())
            #expect(next.0.round == 2)
            oneHasTwo.give()
            await roundTwoIsOver.wait()
            try send(1, talk, next, countsIn: 3)
            let verdict = try #require(try await talk.verdict())
            #expect(verdict.kind == .accepted && verdict.round == 2 && verdict.task == next.0.task)
            try await talk.wait()
          }
        }
        group.addTask {
          let task = try await Talk.open(port) { talk in
            talk.greet(fixed.partition.name(of: 2), fixed.partition[2])
            return try #require(try await talk.task()).0
          }
          await zeroHasTwo.wait()
          await oneHasTwo.wait()
          // Back again while round 2 is under way, it is sent what it was to do in round 1.
          try await Talk.open(port) { talk in
            talk.greet(fixed.partition.name(of: 2), fixed.partition[2])
            let again = try #require(try await talk.task())
            #expect(again.0 == task && again.0.round == 1)
            try send(2, talk, again, countsIn: 2)
            twoHasSent.give()
            let verdict = try #require(try await talk.verdict())
            #expect(verdict.kind == .accepted && verdict.round == 1 && verdict.task == task.task)
            let next = try #require(try await talk.task())
            #expect(next.0.round == 3)
            try send(2, talk, next, countsIn: 3)
            roundTwoIsOver.give()
            #expect(try #require(try await talk.verdict()).kind == .accepted)
            try await talk.wait()
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.stopReason == .completed)
    #expect(outcome.records.map { $0.parties.map(\.party) } == [[0, 1], [0, 2], [1, 2]])
    #expect(outcome.records.map { $0.parties.map { $0.staleness ?? 0 } } == [[0, 0], [0, 1], [1, 0]])
    let stale = [2: 2, 3: 1]
    var expected = seen.initial.withLock { $0.map { Double($0) } }
    for (round, contributions) in seen.rounds.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      let total = Double(contributions.reduce(0) { $0 + $1.samples })
      for contribution in contributions {
        let share = Double(contribution.samples) / total * (stale[round] == contribution.party ? 0.5 : 1)
        for index in expected.indices { expected[index] += share * Double(contribution.values[index]) }
      }
    }
    #expect(zip(outcome.parameters.values, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
  }
}
