import FluxionCalculus
import Foundation
import Testing

/// Kills a server and its parties at instants drawn from a seed. `FLUXION_KILLS=200` for more than the few of every test
/// run, as `make kills` does; a quarter as many parties are killed besides.
@Suite("A federation whose server and parties are killed", .serialized)
struct FederationKillTests {
  private static let serverKills = ProcessInfo.processInfo.environment["FLUXION_KILLS"].flatMap { Int($0) } ?? 6
  private static var partyKills: Int { (serverKills + 3) / 4 }
  private static let parties = 4
  private static let rounds = 40
  private static let dealing = ["--data", "digits", "--parties", "\(parties)", "--partition", "dirichlet:0.5"]
  private static let learning =
    dealing + ["--model", "mlp:16", "--rounds", "\(rounds)", "--batch-size", "16", "--evaluate-every", "5"]

  /// One federation: a server that is begun again at the same port, and its parties.
  private struct Site {
    let place: Place
    let state: String
    let port: Int
    private(set) var server: RunningTool
    private(set) var parties: [RunningTool] = []
    private(set) var killed: Set<Int> = []
    /// From the start of a server's process until it listens.
    private(set) var startSeconds: [Double] = []

    /// Begins with the identities of an earlier federation, so that parties need not enrol again.
    init(_ place: Place, state: String, port: Int, identitiesFrom template: String) throws {
      (self.place, self.state, self.port) = (place, state, port)
      let folder = place.url.appending(path: state)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: place.url.appending(path: "\(template)/identity"), to: folder.appending(path: "identity"))
      server = try Self.start(place, state, port)
      for party in 0..<FederationKillTests.parties { parties.append(try join(party)) }
    }

    static func start(_ place: Place, _ state: String, _ port: Int) throws -> RunningTool {
      try RunningTool(
        ["serve", "--state", state, "--port", "\(port)", "--no-page", "--quorum", "1"] + FederationKillTests.learning,
        in: place.url)
    }

    private func join(_ party: Int) throws -> RunningTool {
      try RunningTool(
        ["join", "127.0.0.1:\(port)", "--state", "party-\(party)", "--party", "\(party)", "--retry", "0.2s"]
          + FederationKillTests.dealing, in: place.url)
    }

    mutating func killServer() async throws {
      server.kill(SIGKILL)
      _ = await server.status()
      let begin = ContinuousClock.now
      server = try Self.start(place, state, port)
      if await server.line(containing: "listening on") != nil {
        startSeconds.append((ContinuousClock.now - begin) / .seconds(1))
      }
    }

    mutating func killParty(_ party: Int) async throws {
      parties[party].kill(SIGKILL)
      _ = await parties[party].status()
      killed.insert(party)
      parties[party] = try join(party)
    }
  }

  @Test("ends with the model of an undisturbed simulation, and every update counts once")
  func killed() async throws {
    let place = try Place()
    let simulation = try RunningTool(["simulate", "--output", "whole", "--quiet"] + Self.learning, in: place.url)
    #expect(await simulation.status() == 0, "\(simulation.text)")
    let expected = try place.digest("whole")
    let (port, seconds) = try await enroll(place)
    #expect(try place.digest("template") == expected)

    var (serverKills, partyKills, sites, attempt, starts) = (0, 0, 0, 0, [Double]())
    let key = RandomKey(seed: 11).folding("kills")
    while serverKills < Self.serverKills || partyKills < Self.partyKills {
      sites += 1
      var site = try Site(place, state: "state-\(sites)", port: port, identitiesFrom: "template")
      while serverKills < Self.serverKills || partyKills < Self.partyKills {
        attempt += 1
        var generator = key.folding("instant", attempt).generator()
        // From before the first byte is read to some time after the end of what is left.
        if await site.server.ends(within: generator.nextUniformDouble() * seconds * 0.8) { break }
        let isParty = partyKills < Self.partyKills && generator.nextUniformDouble() < 0.2
        if isParty || serverKills == Self.serverKills {
          try await site.killParty(Int(generator.nextUniformDouble() * Double(Self.parties)))
          partyKills += 1
        } else {
          try await site.killServer()
          serverKills += 1
        }
      }
      // Without a server its parties would look for one for ever.
      try #require(await site.server.status() == 0, "\(site.server.text)")
      for (number, party) in site.parties.enumerated() {
        // One that was killed after it had heard of the end asks a server that is no longer there.
        if site.killed.contains(number), !(await party.ends(within: 3)) {
          party.kill(SIGKILL)
        } else {
          #expect(await party.status() == 0, "\(party.text)")
        }
      }
      try expectWhole(place, site.state, expected)
      starts += site.startSeconds
    }
    starts.sort()
    let (median, most) = (starts.isEmpty ? 0 : starts[starts.count / 2], starts.last ?? 0)
    print(
      "\(serverKills) kills of a server and \(partyKills) of parties in \(sites) runs of \(Self.rounds) rounds; an "
        + "undisturbed run takes \(seconds) s, a server listens \(median) s after its start (at most \(most) s)")
  }

  /// The first federation, undisturbed: its parties enrol.
  private func enroll(_ place: Place) async throws -> (port: Int, seconds: Double) {
    let port = try FreePort.any()
    let begin = ContinuousClock.now
    let server = try Site.start(place, "template", port)
    _ = try #require(await server.line(containing: "listening on"), "\(server.text)")
    let parties = try await (0..<Self.parties).async { party in
      let invitation = try RunningTool(["invite", "party-\(party)", "--state", "template", "--json"], in: place.url)
      #expect(await invitation.status() == 0, "\(invitation.text)")
      let json = try JSONSerialization.jsonObject(with: Data(invitation.text.utf8)) as? [String: Any]
      return try RunningTool(
        ["join", "127.0.0.1:\(port)", "--token", try #require(json?["token"] as? String), "--state", "party-\(party)"]
          + ["--party", "\(party)"] + Self.dealing, in: place.url)
    }
    #expect(await server.status() == 0, "\(server.text)")
    for party in parties {
      #expect(await party.status() == 0, "\(party.text)")
      #expect(party.text.contains("\(Self.rounds) updates of this party counted"), "\(party.text)")
    }
    return (port, (ContinuousClock.now - begin) / .seconds(1))
  }

  private func expectWhole(_ place: Place, _ state: String, _ expected: String) throws {
    #expect(try place.digest(state) == expected, "\(state)")
    let record = try place.record(state)
    let rounds = try #require(record["rounds"] as? [[String: Any]])
    #expect(rounds.compactMap { $0["round"] as? Int } == Array(1...Self.rounds))
    for round in rounds {
      let parties = try #require(round["parties"] as? [[String: Any]])
      #expect(parties.compactMap { $0["party"] as? Int } == Array(0..<Self.parties))
    }
  }
}

extension Sequence {
  /// One after the other.
  fileprivate func async<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
