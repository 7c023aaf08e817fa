import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import Testing

@Suite("RoundStateMachine")
struct RoundStateMachineTests {
  typealias Action = RoundStateMachine.Action

  static let key = RandomKey(seed: 7)
  static let metrics = ClientMetrics(samples: 10, steps: 2, lossSum: 5, lossCount: 10, seconds: 0.1)

  static func policy(
    clients: Int = 3, rounds: Int = 2, _ change: (inout RoundPolicy) -> Void = { _ in }
  ) -> RoundPolicy {
    var policy = RoundPolicy(clients: clients, rounds: rounds, key: key)
    change(&policy)
    return policy
  }

  static func report(_ client: Int, round: Int = 1, _ outcome: ClientReport.Outcome = .trained(metrics)) -> ClientReport
  {
    ClientReport(round: round, client: client, outcome: outcome)
  }

  /// A machine in the training of round 1.
  static func training(_ policy: RoundPolicy) throws -> RoundStateMachine {
    var machine = try RoundStateMachine(policy)
    _ = machine.handle(.nextRound)
    return machine
  }

  @Test("runs rounds to their end")
  func wholeRun() throws {
    var machine = try RoundStateMachine(Self.policy())
    for round in 1...2 {
      #expect(machine.handle(.nextRound) == [.train(round: round, clients: [0, 1, 2])])
      for client in 0..<3 {
        #expect(machine.admit(Self.report(client, round: round)) == .accepted)
        #expect(machine.handle(.reportsSettled) == (client == 2 ? [.aggregate(round: round)] : []))
      }
      #expect(machine.handle(.stepped(round: round)) == [.evaluate(round: round)])
      let end: [Action] = round == 2 ? [.finish(.completed)] : []
      #expect(
        machine.handle(.evaluated(round: round, loss: 1, accuracy: 0.5)) == [.record(round: round)] + end)
    }
    #expect(machine.phase == .finished(.completed))
    #expect(machine.handle(.nextRound) == [])
  }

  @Test("counts an update that comes twice once")
  func duplicates() throws {
    var machine = try Self.training(Self.policy())
    #expect(machine.admit(Self.report(1)) == .accepted)
    for _ in 0..<5 { #expect(machine.admit(Self.report(1)) == .duplicate) }
    #expect(machine.handle(.reportsSettled) == [])
    #expect(machine.accepted == 1)
  }

  @Test("takes no update from a client that is not in the cohort, or that there is not")
  func strangers() throws {
    var machine = try Self.training(Self.policy(clients: 100) { $0.cohort = .count(10) })
    let cohort = Cohort.select(10, of: 100, key: Self.key.folding("cohort", 1))
    for client in -1...101 {
      #expect(machine.admit(Self.report(client)) == (cohort.contains(client) ? .accepted : .notSelected))
    }
    #expect(machine.admit(Self.report(.max)) == .notSelected)
    #expect(machine.admit(Self.report(cohort[0], round: 2)) == .notSelected)
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 1)])
  }

  @Test("takes no update of a round that is over")
  func late() throws {
    var machine = try Self.training(Self.policy(rounds: 3))
    for client in 0..<3 { _ = machine.admit(Self.report(client)) }
    _ = machine.handle(.reportsSettled)
    #expect(machine.admit(Self.report(0)) == .late)
    _ = machine.handle(.stepped(round: 1))
    _ = machine.handle(.evaluated(round: 1, loss: nil, accuracy: nil))
    #expect(machine.admit(Self.report(0)) == .late)
    _ = machine.handle(.nextRound)
    #expect(machine.admit(Self.report(0)) == .late)
    #expect(machine.admit(Self.report(0, round: 2)) == .accepted)
  }

  @Test(
    "refuses what no honest client reports",
    arguments: [
      ClientMetrics(samples: 0, steps: 1, lossSum: 1, lossCount: 1, seconds: 1),
      ClientMetrics(samples: -5, steps: 1, lossSum: 1, lossCount: 1, seconds: 1),
      ClientMetrics(samples: 1_000_000_000_000, steps: 1, lossSum: 1, lossCount: 1, seconds: 1),
      ClientMetrics(samples: 5, steps: -1, lossSum: 1, lossCount: 1, seconds: 1),
      ClientMetrics(samples: 5, steps: 1, lossSum: .nan, lossCount: 1, seconds: 1),
      ClientMetrics(samples: 5, steps: 1, lossSum: .infinity, lossCount: 1, seconds: 1),
      ClientMetrics(samples: 5, steps: 1, lossSum: 1, lossCount: -1, seconds: 1),
      ClientMetrics(samples: 5, steps: 1, lossSum: 1, lossCount: 1, seconds: .nan),
    ])
  func malformed(metrics: ClientMetrics) throws {
    var machine = try Self.training(Self.policy { $0.quorum = 0.5 })
    guard case .refused = machine.admit(Self.report(0, .trained(metrics))) else {
      Issue.record("it was not refused")
      return
    }
    #expect(machine.admit(Self.report(0)) == .noted)
    _ = machine.admit(Self.report(1))
    _ = machine.admit(Self.report(2))
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 1)])
    #expect(machine.accepted == 2)
  }

  @Test("aggregates at the deadline if the quorum is there")
  func deadline() throws {
    let policy = Self.policy {
      $0.quorum = 0.6
      $0.deadline = .seconds(60)
    }
    var machine = try RoundStateMachine(policy)
    #expect(
      machine.handle(.nextRound)
        == [.train(round: 1, clients: [0, 1, 2]), .startDeadline(round: 1, .seconds(60))])
    _ = machine.admit(Self.report(0))
    _ = machine.admit(Self.report(2))
    #expect(machine.handle(.reportsSettled) == [])
    #expect(machine.handle(.deadlinePassed(round: 0)) == [])
    #expect(machine.handle(.deadlinePassed(round: 1)) == [.aggregate(round: 1)])
    #expect(machine.admit(Self.report(1)) == .late)
  }

  @Test("does not wait for the deadline once everyone has answered")
  func early() throws {
    var machine = try Self.training(Self.policy { $0.deadline = .seconds(60) })
    for client in 0..<3 { _ = machine.admit(Self.report(client)) }
    #expect(machine.handle(.reportsSettled) == [.cancelDeadline(round: 1), .aggregate(round: 1)])
    #expect(machine.handle(.deadlinePassed(round: 1)) == [])
  }

  @Test("leaves the model as it is when a round misses its quorum, and gives up after several")
  func quorumMissed() throws {
    var machine = try Self.training(
      Self.policy(rounds: 9) {
        $0.quorum = 0.6
        $0.missedRoundLimit = 2
      })
    _ = machine.admit(Self.report(0))
    let failure = ClientFailure(.unavailable, "gone")
    #expect(machine.admit(Self.report(1, .failed(failure))) == .refused(failure))
    _ = machine.admit(Self.report(2, .failed(failure)))
    #expect(
      machine.handle(.reportsSettled) == [.miss(round: 1), .train(round: 2, clients: [0, 1, 2])])
    for client in 0..<3 { _ = machine.admit(Self.report(client, round: 2, .failed(failure))) }
    #expect(machine.handle(.reportsSettled) == [.miss(round: 2), .finish(.quorumMissed(round: 2))])
  }

  @Test("a round that succeeds forgives those missed before")
  func forgiven() throws {
    var machine = try Self.training(Self.policy(rounds: 9) { $0.missedRoundLimit = 2 })
    for round in 1...6 {
      for client in 0..<3 {
        let outcome: ClientReport.Outcome =
          round % 2 == 1 ? .failed(ClientFailure(.unavailable, "gone")) : .trained(Self.metrics)
        _ = machine.admit(Self.report(client, round: round, outcome))
      }
      _ = machine.handle(.reportsSettled)
      _ = machine.handle(.stepped(round: round))
      _ = machine.handle(.evaluated(round: round, loss: 1, accuracy: nil))
      if round % 2 == 0 { #expect(machine.handle(.nextRound) == [.train(round: round + 1, clients: [0, 1, 2])]) }
    }
  }

  @Test("stops at the first client without an update, in ascending order, if that is the policy")
  func stopsAtFailure() throws {
    var machine = try Self.training(Self.policy { $0.onFailure = .stops })
    let failure = ClientFailure(.diverged, "NaN")
    _ = machine.admit(Self.report(0))
    _ = machine.admit(Self.report(1, .failed(failure)))
    _ = machine.admit(Self.report(2, .failed(failure)))
    #expect(
      machine.handle(.reportsSettled)
        == [.discard(round: 1), .finish(.clientFailed(round: 1, client: 1, failure))])
  }

  @Test("takes back an acceptance, once")
  func revokes() throws {
    var machine = try Self.training(Self.policy { $0.quorum = 0.5 })
    let failure = ClientFailure(.diverged, "not finite")
    _ = machine.admit(Self.report(0))
    #expect(machine.revoke(Self.report(0), failure) == .refused(failure))
    #expect(machine.revoke(Self.report(0), failure) == .late)
    #expect(machine.accepted == 0)
  }

  @Test(
    "evaluates every so many rounds and after the last", arguments: [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (0, [])])
  func evaluationRounds(every: Int, expected: [Int]) throws {
    var machine = try RoundStateMachine(Self.policy(rounds: 5) { $0.evaluateEvery = every })
    var evaluated: [Int] = []
    for round in 1...5 {
      _ = machine.handle(.nextRound)
      for client in 0..<3 { _ = machine.admit(Self.report(client, round: round)) }
      _ = machine.handle(.reportsSettled)
      if machine.handle(.stepped(round: round)) == [.evaluate(round: round)] {
        evaluated.append(round)
        _ = machine.handle(.evaluated(round: round, loss: 1, accuracy: nil))
      }
    }
    #expect(evaluated == expected)
    #expect(machine.phase == .finished(.completed))
  }

  /// Runs to the end with a loss and an accuracy a round.
  private func end(_ policy: RoundPolicy, scores: [(loss: Double, accuracy: Double)]) throws -> (StopReason?, Int) {
    var machine = try RoundStateMachine(policy)
    for (index, score) in scores.enumerated() {
      let round = index + 1
      _ = machine.handle(.nextRound)
      for client in 0..<policy.clients { _ = machine.admit(Self.report(client, round: round)) }
      _ = machine.handle(.reportsSettled)
      _ = machine.handle(.stepped(round: round))
      _ = machine.handle(.evaluated(round: round, loss: score.loss, accuracy: score.accuracy))
      if case .finished(let reason) = machine.phase { return (reason, round) }
    }
    return (nil, scores.count)
  }

  @Test("ends at the target accuracy")
  func target() throws {
    let (reason, round) = try end(
      Self.policy(rounds: 9) { $0.targetAccuracy = 0.9 }, scores: [(1, 0.5), (0.5, 0.89), (0.4, 0.9), (0.3, 0.95)])
    #expect(reason == .targetReached(accuracy: 0.9))
    #expect(round == 3)
  }

  @Test("ends when patience does")
  func patience() throws {
    let (reason, round) = try end(
      Self.policy(rounds: 9) { $0.patience = 1 }, scores: [(1, 0), (0.5, 0), (0.6, 0), (0.4, 0), (0.4, 0), (0.5, 0)])
    #expect(reason == .noImprovement(evaluations: 2))
    #expect(round == 6)
  }

  @Test("stops at once while clients train, and after the round while the server works")
  func stopRequests() throws {
    var machine = try Self.training(Self.policy())
    #expect(machine.handle(.stopRequested) == [.discard(round: 1), .finish(.requested)])
    #expect(machine.admit(Self.report(0)) == .late)

    machine = try Self.training(Self.policy())
    for client in 0..<3 { _ = machine.admit(Self.report(client)) }
    _ = machine.handle(.reportsSettled)
    #expect(machine.handle(.stopRequested) == [])
    _ = machine.handle(.stepped(round: 1))
    #expect(
      machine.handle(.evaluated(round: 1, loss: 1, accuracy: 0)) == [.record(round: 1), .finish(.requested)])

    machine = try RoundStateMachine(Self.policy())
    #expect(machine.handle(.stopRequested) == [.finish(.requested)])
  }

  @Test("resumes after the last round on record")
  func resumes() throws {
    var progress = RoundStateMachine.Progress()
    progress.round = 1
    var machine = try RoundStateMachine(Self.policy(), resuming: progress)
    #expect(machine.handle(.nextRound) == [.train(round: 2, clients: [0, 1, 2])])
    progress.round = 2
    machine = try RoundStateMachine(Self.policy(), resuming: progress)
    #expect(machine.handle(.nextRound) == [.finish(.completed)])
  }

  @Test(
    "refuses a policy that cannot hold",
    arguments: [
      policy(clients: 0), policy(rounds: 0), policy { $0.cohort = .count(4) }, policy { $0.quorum = 0 },
      policy { $0.quorum = 1.5 }, policy { $0.quorum = .nan }, policy { $0.deadline = .zero },
      policy { $0.evaluateEvery = -1 }, policy { $0.patience = -1 }, policy { $0.targetAccuracy = 1.01 },
      policy { ($0.evaluateEvery, $0.targetAccuracy) = (0, 0.5) },
    ])
  func badPolicies(policy: RoundPolicy) {
    #expect(throws: FluxionError.self) { try RoundStateMachine(policy) }
  }
}
