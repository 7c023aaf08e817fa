import FluxionCoordination
@testable import FluxionDashboard
import FluxionFederation
import Foundation
import Testing

@Suite("What a run's facts come to")
struct StatusLedgerTests {
  private func status(after body: (StatusBoard) -> Void, parties: [String] = ["a", "b", "c"]) -> FederationStatus {
    let board = Facts.board(parties: parties)
    body(board)
    return board.status
  }

  @Test("before the first round the parties that are not there are awaited, by name")
  func waiting() {
    let status = status { $0.post(.connected(party: 1, name: "party-1", samples: 12)) }
    #expect(status.state.phase == .waiting)
    #expect(status.state.awaited == [0, 2])
    #expect(status.parties[1].samples == 12 && status.parties[1].isConnected)
    #expect(status.sentence == "1 of 3 parties is here; waiting for a and c to join.")
  }

  @Test("in a round, those who have neither an update nor a refusal are awaited")
  func training() {
    let status = status { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      board.post(Facts.accepted(2, in: 1))
      board.post(Facts.refused(0, in: 1))
    }
    #expect(status.state.phase == .training)
    #expect(status.state.awaited == [1] && status.state.awaitedCount == 1 && status.state.accepted == 1)
    #expect(status.parties.map(\.isAwaited) == [false, true, false])
    #expect(status.headline == "Round 1 of 4")
    #expect(status.sentence == "1 of 3 updates is in; waiting for b.")
  }

  @Test("when everybody has answered nobody is awaited")
  func settling() {
    let status = status { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      for party in 0..<3 { board.post(Facts.accepted(party, in: 1)) }
    }
    #expect(status.state.phase == .settling && status.state.awaitedCount == 0)
  }

  @Test("who is in a cohort of some is known once the work is handed out; until then they are counted")
  func cohort() {
    let board = Facts.board(parties: ["a", "b", "c", "d"])
    board.post(.roundStarted(round: 1, cohort: 2))
    board.post(Facts.accepted(3, in: 1))
    #expect(board.status.state.awaited.isEmpty && board.status.state.awaitedCount == 1)
    #expect(board.status.state.phase == .training)
    board.post(.handedOut(round: 1, clients: [1, 3], deadline: .seconds(60)))
    #expect(board.status.state.awaited == [1])
    #expect(board.status.state.deadline == Facts.date.addingTimeInterval(60))
  }

  @Test("where late updates count, one of an earlier round is one of the round at hand, which may get more parties")
  func lateUpdates() {
    let board = Facts.board(parties: ["a", "b", "c", "d", "e"])
    board.post(.roundStarted(round: 3, cohort: 3))
    board.post(.handedOut(round: 3, clients: [0, 2], deadline: .seconds(60)))
    board.post(Facts.accepted(1, in: 1))
    board.post(.handedOut(round: 3, clients: [4], deadline: .seconds(90)))
    #expect(board.status.state.accepted == 1)
    #expect(board.status.state.awaited == [0, 2, 4])
    #expect(board.status.state.deadline == Facts.date.addingTimeInterval(60))
  }

  @Test("a recorded round counts for those whose update it has, and names who was refused or did not come")
  func recorded() {
    let status = status { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      board.post(Facts.accepted(0, in: 1))
      board.post(Facts.refused(1, in: 1))
      #expect(board.status.parties[0].rounds == 0, "an update counts when its round is on record")
      board.post(Facts.recorded(1))
    }
    #expect(status.parties.map(\.rounds) == [1, 0, 0] && status.parties[0].lastRound == 1)
    #expect(status.rounds.map { [$0.accepted, $0.refused, $0.missed] } == [[1, 1, 1]])
    #expect(status.turns == [.init(round: 1, outcomes: [.accepted, .refused, .missed])])
    #expect(status.totals == .init(rounds: 1, seconds: 2, bytesUp: 30, bytesDown: 40))
    #expect(status.state.phase == .settling)
  }

  @Test("a discarded round counts for nobody")
  func discarded() {
    let status = status { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      board.post(Facts.accepted(0, in: 1))
      board.post(.roundDiscarded(round: 1))
      board.post(.roundStarted(round: 2, cohort: 3))
      board.post(Facts.accepted(1, in: 2))
      board.post(Facts.recorded(2))
    }
    #expect(status.parties.map(\.rounds) == [0, 1, 0])
    #expect(status.rounds.map(\.round) == [2])
  }

  @Test("refusals are counted by kind with the last reason; a long reason is cut, and only the latest are kept")
  func refusals() throws {
    let status = status { board in
      for _ in 0..<60 { board.post(.refused(round: 1, party: 1, ClientFailure(.malformed, "too short"))) }
      board.post(Facts.refused(1, in: 1, String(repeating: "x", count: 5000)))
    }
    #expect(status.parties[1].refusals == ["malformed": 60, "diverged": 1] && status.parties[1].refusalCount == 61)
    #expect(try #require(status.parties[1].lastRefusal).reason.count == StatusLedger.maximumReasonLength)
    #expect(status.refusals.count == FederationStatus.maximumRefusals)
    #expect(status.parties[1].health == .absent)
  }

  @Test("a report that the transport turned away does not answer for the party")
  func transportRefusal() {
    let status = status { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      board.post(.refused(round: 1, party: 1, ClientFailure(.malformed, "the report is of another run")))
    }
    #expect(status.state.awaitedCount == 3 && status.parties[1].isAwaited && status.parties[1].refusalCount == 1)
  }

  @Test("a party's health is the worst that is known of it")
  func health() {
    let board = Facts.board()
    #expect(board.status.parties[0].health == .absent)
    board.post(.connected(party: 0, name: "party-0", samples: 1))
    #expect(board.status.parties[0].health == .ready)
    board.post(.roundStarted(round: 1, cohort: 3))
    #expect(board.status.parties[0].health == .working)
    board.post(Facts.refused(0, in: 1))
    #expect(board.status.parties[0].health == .refused)
    board.post(Facts.recorded(1))
    board.post(.roundStarted(round: 2, cohort: 3))
    board.post(Facts.accepted(0, in: 2))
    board.post(Facts.recorded(2))
    #expect(board.status.parties[0].health == .ready)
    board.post(.quarantined(party: 0, reason: "too many"))
    #expect(board.status.parties[0].health == .quarantined)
  }

  @Test("numbers that are not finite, and parties that do not exist, do not get in")
  func sound() throws {
    let status = status { board in
      board.post(.connected(party: 7, name: "party-7", samples: 1))
      board.post(.quarantined(party: -1, reason: "nobody"))
      board.post(.handedOut(round: 1, clients: [0, 9], deadline: nil))
      board.post(.roundStarted(round: 1, cohort: 2))
      board.post(.handedOut(round: 1, clients: [0, 9], deadline: nil))
      board.post(Facts.accepted(9, in: 1))
      board.post(Facts.refused(12, in: 1))
      board.post(Facts.recorded(1, accuracy: .nan, trainLoss: .infinity))
    }
    #expect(status.rounds.first?.accuracy == nil && status.rounds.first?.trainLoss == nil)
    let json = try FederationStatus.encoder.encode(status)
    #expect(try FederationStatus.decoder.decode(FederationStatus.self, from: json) == status)
  }

  @Test("of more rounds than are kept the older ones are thinned out, and the totals have all")
  func thinned() {
    let count = FederationStatus.maximumRounds + 10
    let status = status { board in for round in 1...count { board.post(Facts.recorded(round)) } }
    #expect(status.rounds.count <= FederationStatus.maximumRounds)
    #expect(status.rounds.first?.round == 1 && status.rounds.last?.round == count)
    #expect(status.totals.rounds == count && status.totals.bytesUp == 30 * count)
  }

  @Test(
    "how a run ended is told in a sentence",
    arguments: [
      (StopReason.completed, FederationStatus.Phase.finished, "50.00% accuracy after 1 round", "All rounds are done."),
      (.requested, .stopped, "Stopped in round 1", "Somebody stopped the run."),
      (
        .clientFailed(round: 1, client: 1, ClientFailure(.diverged, "the training loss became nan")), .stopped,
        "Stopped in round 1", "b had no update in round 1: the training loss became nan"
      ),
    ])
  func ending(_ reason: StopReason, _ phase: FederationStatus.Phase, _ headline: String, _ sentence: String) {
    let status = status { board in
      board.post(.roundStarted(round: 1, cohort: 3))
      board.post(Facts.recorded(1))
      board.post(.runFinished(reason))
    }
    #expect(status.state.phase == phase && status.headline == headline && status.sentence == sentence)
  }

  @Test("more awaited parties than three are counted")
  func manyAwaited() {
    let status = status(
      after: { $0.post(.roundStarted(round: 1, cohort: 6)) }, parties: ["a", "b", "c", "d", "e", "f"])
    #expect(status.sentence == "0 of 6 updates are in; waiting for a, b, c and 3 others.")
  }
}
