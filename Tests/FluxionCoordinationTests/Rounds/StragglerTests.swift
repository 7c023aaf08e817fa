import FluxionCalculus
import FluxionFederation
import Testing

@testable import FluxionCoordination

@Suite("Rounds that do not wait for everybody")
struct StragglerTests {
  typealias Machines = RoundStateMachineTests

  /// Takes a step and begins the next round.
  private func step(_ machine: inout RoundStateMachine) -> [RoundStateMachine.Action] {
    let round = machine.round
    _ = machine.handle(.stepped(round: round))
    _ = machine.handle(.evaluated(round: round, loss: 1, accuracy: nil))
    return machine.handle(.nextRound)
  }

  private static func cohort(_ actions: [RoundStateMachine.Action]) -> [Int] {
    actions.flatMap { action -> [Int] in
      if case .train(_, let clients) = action { clients } else { [] }
    }
  }

  @Test("selects 130 % and is over when 100 % have reported; who comes later is late")
  func overSelection() throws {
    let policy = Machines.policy(clients: 50) {
      $0.cohort = .count(20)
      $0.overSelection = 1.3
    }
    var machine = try RoundStateMachine(policy)
    let clients = Self.cohort(machine.handle(.nextRound))
    #expect(clients.count == 26)
    for client in clients[..<19] {
      #expect(machine.admit(Machines.report(client)) == .accepted)
      #expect(machine.handle(.reportsSettled) == [])
    }
    #expect(machine.admit(Machines.report(clients[25])) == .accepted)
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 1)])
    #expect(machine.admit(Machines.report(clients[20])) == .late)
    #expect(Self.cohort(step(&machine)).count == 26)
    #expect(machine.admit(Machines.report(clients[20])) == .late)
    #expect(machine.progress.inFlight == [])
  }

  @Test(
    "never selects more than there are, nor fewer than are waited for",
    arguments: [
      (10, 1.0, 10), (10, 1.1, 11), (10, 1.11, 12), (3, 1.01, 4), (49, 1.3, 50), (50, 9.0, 50), (1, 1e18, 50),
    ])
  func selected(cohort: Int, factor: Double, expected: Int) throws {
    let policy = Machines.policy(clients: 50) {
      $0.cohort = .count(cohort)
      $0.overSelection = factor
    }
    var machine = try RoundStateMachine(policy)
    #expect(Self.cohort(machine.handle(.nextRound)).count == expected)
  }

  @Test("a refused update does not end an over-selected round, and its quorum is of what it waits for")
  func refusals() throws {
    let policy = Machines.policy(clients: 6) {
      $0.cohort = .count(4)
      $0.overSelection = 1.5
      $0.quorum = 0.75
    }
    var machine = try Machines.training(policy)
    for client in 0..<3 { _ = machine.admit(Machines.report(client, .failed(ClientFailure(.unavailable, "gone")))) }
    for client in 3..<5 { _ = machine.admit(Machines.report(client)) }
    #expect(machine.handle(.reportsSettled) == [])
    _ = machine.admit(Machines.report(5))
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 1)])
  }

  @Test("lets a late update count in the round that it comes in, and gives its client no other work until then")
  func lateUpdates() throws {
    let policy = Machines.policy(clients: 4, rounds: 9) {
      $0.cohort = .count(3)
      $0.overSelection = 1.3
      $0.late = .buffered(StalenessWeighting())
    }
    var machine = try RoundStateMachine(policy)
    #expect(machine.handle(.nextRound) == [.train(round: 1, clients: [0, 1, 2, 3])])
    for client in [3, 1, 0] { _ = machine.admit(Machines.report(client)) }
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 1)])
    #expect(step(&machine) == [.train(round: 2, clients: [0, 1, 3])])
    #expect(machine.progress.inFlight == [ClientAtWork(client: 2, round: 1)])
    #expect(machine.admit(Machines.report(2, round: 2)) == .notSelected)
    #expect(machine.admit(Machines.report(0, round: 1)) == .late)
    #expect(machine.admit(Machines.report(2, round: 1)) == .accepted)
    #expect(machine.admit(Machines.report(2, round: 1)) == .duplicate)
    for client in [0, 1] { #expect(machine.admit(Machines.report(client, round: 2)) == .accepted) }
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 2)])
    #expect(step(&machine) == [.train(round: 3, clients: [0, 1, 2])])
    #expect(machine.inFlight.map(\.round) == [3, 3, 3, 2])

    // Another process, that has the progress of the last record alone.
    var progress = machine.progress
    progress.round -= 1
    machine = try RoundStateMachine(policy, resuming: progress)
    #expect(machine.inFlight == [ClientAtWork(client: 3, round: 2)])
    #expect(machine.handle(.nextRound) == [.train(round: 3, clients: [0, 1, 2])])
    #expect(machine.admit(Machines.report(3, round: 2)) == .accepted)
  }

  @Test("with a buffer, gives work to another at once, steps with every so many, and takes nobody twice between steps")
  func buffered() throws {
    let policy = Machines.policy(clients: 40, rounds: 30) {
      $0.cohort = .count(8)
      $0.pace = .buffered(3)
      $0.late = .buffered(StalenessWeighting())
    }
    var machine = try RoundStateMachine(policy)
    var actions = machine.handle(.nextRound)
    var atWork = Self.cohort(actions).map { ClientAtWork(client: $0, round: 1) }
    #expect(atWork.count == 8)
    var generator = RandomKey(seed: 3).generator()
    var staleness: Set<Int> = []
    for round in 1...30 {
      var partOfThis = Set(Self.cohort(actions))
      for report in 1...3 {
        #expect(machine.inFlight == atWork.sorted { $0.client < $1.client })
        let next = atWork.remove(at: Int(generator.next() % UInt64(atWork.count)))
        partOfThis.insert(next.client)
        staleness.insert(round - next.round)
        #expect(machine.admit(Machines.report(next.client, round: next.round)) == .accepted)
        actions = machine.handle(.reportsSettled)
        guard report < 3 else { break }
        let replacement = Self.cohort(actions)
        #expect(actions == [.train(round: round, clients: replacement)] && replacement.count == 1)
        #expect(partOfThis.isDisjoint(with: replacement))
        #expect(Set(atWork.map(\.client)).isDisjoint(with: replacement))
        partOfThis.formUnion(replacement)
        atWork += replacement.map { ClientAtWork(client: $0, round: round) }
      }
      #expect(actions == [.aggregate(round: round)])
      actions = step(&machine)
      #expect(machine.progress.inFlight == atWork.sorted { $0.client < $1.client })
      guard round < 30 else { break }
      #expect(Self.cohort(actions).count == 1)
      atWork += Self.cohort(actions).map { ClientAtWork(client: $0, round: round + 1) }
    }
    #expect(machine.phase == .finished(.completed))
    #expect(staleness.isSuperset(of: [0, 1, 2, 3]))
  }

  @Test("with a buffer and everybody at work, waits for the step before anybody begins again")
  func everybody() throws {
    let policy = Machines.policy(clients: 3) {
      $0.pace = .buffered(2)
      $0.late = .buffered(StalenessWeighting())
    }
    var machine = try RoundStateMachine(policy)
    #expect(machine.handle(.nextRound) == [.train(round: 1, clients: [0, 1, 2])])
    _ = machine.admit(Machines.report(2))
    #expect(machine.handle(.reportsSettled) == [])
    _ = machine.admit(Machines.report(0))
    #expect(machine.handle(.reportsSettled) == [.aggregate(round: 1)])
    #expect(step(&machine) == [.train(round: 2, clients: [0, 2])])
    // Nobody is left who could fill the buffer.
    _ = machine.admit(Machines.report(1))
    for client in [0, 2] {
      _ = machine.admit(Machines.report(client, round: 2, .failed(ClientFailure(.malformed, ""))))
    }
    #expect(machine.handle(.reportsSettled) == [.miss(round: 2), .finish(.quorumMissed(round: 2))])
  }

  @Test("a round that missed its quorum makes no update stale")
  func missedRounds() throws {
    let policy = Machines.policy(clients: 3, rounds: 9) {
      ($0.deadline, $0.late) = (.seconds(1), .buffered(StalenessWeighting()))
    }
    var machine = try Machines.training(policy)
    #expect(machine.admit(Machines.report(0)) == .accepted)
    #expect(
      machine.handle(.deadlinePassed(round: 1)) == [
        .miss(round: 1), .train(round: 2, clients: [0]), .startDeadline(round: 2, .seconds(1)),
      ])
    #expect(machine.admit(Machines.report(1, round: 1)) == .accepted)
    #expect(machine.staleness(of: Machines.report(1, round: 1)) == 0)
    for report in [Machines.report(2, round: 1), Machines.report(0, round: 2)] {
      #expect(machine.admit(report) == .accepted)
    }
    #expect(machine.handle(.reportsSettled) == [.cancelDeadline(round: 2), .aggregate(round: 2)])
    #expect(Self.cohort(step(&machine)) == [0, 1, 2])
    #expect(machine.progress.steps == 1)
  }

  @Test("waits for nobody through more steps than the policy says, and gives the work to others")
  func maximumStaleness() throws {
    let policy = Machines.policy(clients: 8, rounds: 9) {
      $0.cohort = .count(3)
      $0.pace = .buffered(1)
      $0.late = .buffered(StalenessWeighting(maximum: 1))
    }
    var machine = try RoundStateMachine(policy)
    var last = Self.cohort(machine.handle(.nextRound))
    let slow = Array(last.dropFirst())
    for round in 1...2 {
      #expect(machine.admit(Machines.report(last[0], round: round)) == .accepted)
      #expect(machine.handle(.reportsSettled) == [.aggregate(round: round)])
      last = Self.cohort(step(&machine))
      #expect(last.count == (round == 1 ? 1 : 3))
    }
    #expect(machine.inFlight.map(\.client) == last)
    for client in slow { #expect(machine.admit(Machines.report(client, round: 1)) == .late) }
  }

  @Test("a round that is begun again takes its own work back, and leaves that of the rounds before")
  func begunAgain() throws {
    let policy = Machines.policy(clients: 4, rounds: 9) {
      ($0.cohort, $0.overSelection, $0.late) = (.count(3), 1.3, .buffered(StalenessWeighting()))
      $0.onFailure = .stops
    }
    var machine = try RoundStateMachine(policy)
    _ = machine.handle(.nextRound)
    for client in [3, 1, 0] { _ = machine.admit(Machines.report(client)) }
    _ = machine.handle(.reportsSettled)
    #expect(step(&machine) == [.train(round: 2, clients: [0, 1, 3])])
    let failure = ClientFailure(.diverged, "the loss is NaN")
    _ = machine.admit(Machines.report(1, round: 2, .failed(failure)))
    let reason = StopReason.clientFailed(round: 2, client: 1, failure)
    #expect(machine.handle(.reportsSettled) == [.discard(round: 2), .finish(reason)])
    #expect(machine.handle(.recovered(round: 2)) == [.train(round: 2, clients: [0, 1, 3])])
    #expect(machine.inFlight.map(\.round) == [2, 2, 1, 2])
    #expect(machine.admit(Machines.report(2, round: 1)) == .accepted)
    #expect(machine.staleness(of: Machines.report(2, round: 1)) == 1)
  }

  @Test("draws every client without work equally likely, and no other")
  func draws() {
    var atWork = ClientsAtWork()
    atWork.add([0, 3, 4, 9], round: 1, step: 0)
    #expect(atWork.draw(6, of: 10, key: RandomKey(seed: 1)) == [1, 2, 5, 6, 7, 8])
    #expect(atWork.draw(7, of: 10, key: RandomKey(seed: 1)).count == 6)
    #expect(atWork.draw(-1, of: 10, key: RandomKey(seed: 1)) == [])
    var counts: [Int: Int] = [:]
    for seed in 0..<3000 {
      for client in atWork.draw(2, of: 10, key: RandomKey(seed: UInt64(seed))) { counts[client, default: 0] += 1 }
    }
    #expect(counts.keys.sorted() == [1, 2, 5, 6, 7, 8])
    // 1000 each, with a standard deviation of 26.
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 130 })
  }

  @Test(
    "refuses what cannot be",
    arguments: [
      Machines.policy { $0.overSelection = 0.9 }, Machines.policy { $0.overSelection = .nan },
      Machines.policy { $0.overSelection = .infinity }, Machines.policy { $0.pace = .buffered(2) },
      Machines.policy { ($0.pace, $0.late) = (.buffered(0), .buffered(StalenessWeighting())) },
      Machines.policy { ($0.pace, $0.late) = (.buffered(4), .buffered(StalenessWeighting())) },
      Machines.policy {
        ($0.pace, $0.late, $0.overSelection) = (.buffered(2), .buffered(StalenessWeighting()), 1.5)
      },
      Machines.policy { $0.late = .buffered(StalenessWeighting(exponent: -1)) },
      Machines.policy { $0.late = .buffered(StalenessWeighting(exponent: .nan)) },
      Machines.policy { $0.late = .buffered(StalenessWeighting(maximum: -1)) },
    ])
  func badPolicies(policy: RoundPolicy) {
    #expect(throws: FluxionError.self) { try RoundStateMachine(policy) }
  }
}
