import ArgumentParser
import Fluxion
import FluxionDashboard
@testable import FluxionTool
import Foundation
import Testing

@Suite("fluxion status, resume and stop, by their values")
struct ServerStandingTests {
  private let style = TerminalStyle(width: 100, isTTY: false)
  private let now = Date(timeIntervalSince1970: 1_790_000_000)
  private let note = ServerFolder.Note(
    address: "127.0.0.1:7117", page: "http://127.0.0.1:7118/", arguments: ["serve"], directory: "/srv")

  private func running() -> ServerStanding {
    var status = FederationStatus(
      run: .init(name: "digits, fedavg", rounds: 5), parties: ["north", "so\u{1b}uth"], at: now)
    status.state.phase = .training
    (status.state.round, status.state.cohort, status.state.accepted) = (2, 2, 1)
    (status.state.awaited, status.state.awaitedCount) = ([1], 1)
    status.parties[0].isConnected = true
    status.parties[0].samples = 1200
    status.parties[0].lastSeen = now.addingTimeInterval(-75)
    status.parties[1].quarantine = "20 updates were refused"
    status.parties[0].refusals = ["malformed": 2]
    status.parties[0].lastRefusal = .init(date: now, round: 1, party: 0, kind: "malformed", reason: "value 0 is nan")
    return ServerStanding(state: "state", note: note, use: .process(42), status: status)
  }

  @Test(
    "a run is told with its round, who is awaited, each party and the last refusal, on lines that are safe to print")
  func text() {
    #expect(
      running().text(style, now: now) == """
        digits, fedavg: Round 2 of 5
        1 of 2 updates is in; waiting for so\u{fffd}uth.
        serving at 127.0.0.1:7117, process 42; page: http://127.0.0.1:7118/

        party   state                samples  rounds       last seen  refused
        ─────────────────────────────────────────────────────────────────────
        north   last update refused    1,200       0  1 min 15 s ago        2
        so\u{fffd}uth  quarantined                –       0               –        0
        north, round 1 (malformed): value 0 is nan
        so\u{fffd}uth is quarantined: 20 updates were refused

        """)
    let json = running().json
    #expect(json["isRunning"] == true && json["process"] == 42)
    #expect(json["status"]?["state"]?["phase"] == "training")
    #expect(json["goOn"] == nil)
  }

  @Test("a server that does not run is told with what is on record and how to go on, unless the run is finished")
  func stopped() {
    var standing = ServerStanding(state: "my state", note: note, use: .free)
    standing.last = LastRun(rounds: 3, isFinished: false, accuracy: 0.5, loss: 0.25, end: "stopped on request")
    #expect(
      standing.text(style) == """
        no server runs from my state
        3 rounds are on record, accuracy 50.00%, loss 0.2500
        it ended: stopped on request
        to go on: fluxion resume --state 'my state'

        """)
    #expect(standing.json["isRunning"] == false)
    standing.last = LastRun(rounds: 1, isFinished: true)
    #expect(
      standing.text(style) == "no server runs from my state\n1 round is on record; the run is finished\n")
  }

  @Test("a server that is silent is told with why, and with what is on record")
  func silent() {
    var standing = ServerStanding(state: "state", note: note, use: .somebody)
    standing.silence = "it serves no page, which could tell more"
    standing.last = LastRun(rounds: 0, isFinished: false)
    let text = standing.text(style)
    #expect(text.contains("a process that the system does not name"))
    #expect(text.contains("serves no page") && text.contains("no round is on record yet"))
  }

  @Test("a server is resumed as it was begun: with the folder's new place if it was moved, and the port that it had")
  func arguments() throws {
    func arguments(_ given: [String], in directory: String = "/srv", state: String) throws -> [String] {
      let note = ServerFolder.Note(
        address: "127.0.0.1:4711", page: nil, arguments: given, directory: directory)
      return try Resume.arguments(note, state: URL(fileURLWithPath: state, isDirectory: true))
    }
    let plain = ["serve", "--rounds", "3", "--state", "state"]
    #expect(try arguments(plain, state: "/srv/state") == plain)
    #expect(try arguments(plain, state: "/srv/../srv/state/") == plain)
    #expect(try arguments(["serve"], state: "/srv/fluxion-server") == ["serve"])
    #expect(try arguments(plain, state: "/moved/state") == plain + ["--state", "/moved/state"])
    let anyPort = ["serve", "--port", "0", "--state", "/srv/state"]
    #expect(try arguments(anyPort, state: "/srv/state") == anyPort + ["--port", "4711"])
    // What is given last counts.
    #expect(try Serve.parse(Array((anyPort + ["--port", "4711"]).dropFirst())).port == 4711)
    for damaged in [[], ["join"], ["serve", "--no-such-flag"]] {
      #expect(throws: FluxionError.self) { try arguments(damaged, state: "/srv/state") }
    }
  }

  @Test("the date of an answer is read as HTTP has it")
  func date() {
    #expect(PageClient.date("Sun, 06 Nov 1994 08:49:37 GMT") == Date(timeIntervalSince1970: 784_111_777))
    #expect(PageClient.date("yesterday") == nil)
  }
}
