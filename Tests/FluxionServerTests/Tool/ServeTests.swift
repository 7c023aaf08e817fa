@testable import FluxionClient
import FluxionData
import FluxionFederation
import FluxionWire
import Foundation
import Testing

@Suite("fluxion serve and fluxion join", .timeLimit(.minutes(10)), .serialized)
struct ServeTests {
  private static let learning = [
    "--data", "digits", "--partition", "dirichlet:0.5", "--seed", "11", "--model", "mlp:16", "--rounds", "3",
  ]
  private static let dealing = ["--data", "digits", "--partition", "dirichlet:0.5", "--seed", "11"]

  private func port(of server: RunningTool) async throws -> String {
    let line = try #require(await server.line(containing: "listening on"), "\(server.text)")
    let rest = try #require(line.split(separator: ";").first)
    return String(try #require(rest.split(separator: ":").last))
  }

  private func join(_ port: String, party: Int, of parties: Int, in place: Place) throws -> RunningTool {
    try RunningTool(
      ["join", "127.0.0.1:\(port)", "--plaintext", "--party", "\(party)", "--parties", "\(parties)"] + Self.dealing,
      in: place.url)
  }

  private func simulated(_ parties: Int, in place: Place) async throws -> String {
    let simulation = try RunningTool(
      ["simulate", "--parties", "\(parties)", "--output", "simulated", "--quiet"] + Self.learning, in: place.url)
    #expect(await simulation.status() == 0, "\(simulation.text)")
    return try place.digest("simulated")
  }

  @Test("ten processes that join end with the model of fluxion simulate, bit for bit")
  func tenParties() async throws {
    let place = try Place()
    let server = try RunningTool(
      ["serve", "--plaintext", "--no-page", "--port", "0", "--parties", "10", "--output", "served"] + Self.learning,
      in: place.url)
    let port = try await port(of: server)
    // Places are asked for, so the order in which parties come does not matter.
    let parties = try (0..<10).reversed().map { try join(port, party: $0, of: 10, in: place) }
    #expect(await server.status() == 0, "\(server.text)")
    for party in parties {
      #expect(await party.status() == 0, "\(party.text)")
      #expect(party.text.contains("3 updates of this party counted"), "\(party.text)")
    }
    #expect(try place.digest("served") == (try await simulated(10, in: place)))
    #expect(FileManager.default.fileExists(atPath: place.url.path + "/served/report.html"))
  }

  @Test("a server that is killed goes on when it is started again, with the same parties, to the same bits")
  func killedServer() async throws {
    let place = try Place()
    let arguments = ["--parties", "3", "--state", "state", "--output", "served"] + Self.learning
    let first = try RunningTool(["serve", "--plaintext", "--no-page", "--port", "0"] + arguments, in: place.url)
    let port = try await port(of: first)
    let parties = try (0..<3).map { try join(port, party: $0, of: 3, in: place) }
    _ = await first.line(containing: "round 1")
    first.kill(SIGKILL)
    _ = await first.status()
    let second = try RunningTool(["serve", "--plaintext", "--no-page", "--port", port] + arguments, in: place.url)
    #expect(await second.status() == 0, "\(second.text)")
    for party in parties { #expect(await party.status() == 0, "\(party.text)") }
    #expect(try place.digest("served") == (try await simulated(3, in: place)))
    // Its parties have heard the end: a server that is begun once more waits for none of them.
    let third = try RunningTool(["serve", "--plaintext", "--no-page", "--port", port] + arguments, in: place.url)
    #expect(await third.ends(within: 30), "\(third.text)")
    #expect(await third.status() == 0, "\(third.text)")
  }

  @Test("with fedbuff a server steps with every update, whoever sends it, and says how stale each was")
  func buffered() async throws {
    let place = try Place()
    let server = try RunningTool(
      ["serve", "--plaintext", "--no-page", "--port", "0", "--parties", "3", "--output", "served"] + Self.learning
        + ["--algorithm", "fedbuff", "--buffer-size", "1", "--rounds", "9"], in: place.url)
    let port = try await port(of: server)
    let parties = try (0..<3).map { try join(port, party: $0, of: 3, in: place) }
    #expect(await server.status() == 0, "\(server.text)")
    for party in parties { #expect(await party.status() == 0, "\(party.text)") }
    let data = try Data(contentsOf: place.url.appending(path: "served/run.json"))
    let record = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let rounds = try #require(record["rounds"] as? [[String: Any]])
    let counted = rounds.compactMap { $0["parties"] as? [[String: Any]] }
    #expect(counted.map(\.count) == Array(repeating: 1, count: 9))
    // Three began from the first model, and the second to come was a step behind.
    #expect(counted.contains { $0.contains { ($0["staleness"] as? Int ?? 0) > 0 } })
  }

  @Test("a party that sends NaN is refused, with its name and the reason, and the rounds are those of the others")
  func poisoner() async throws {
    let place = try Place()
    let server = try RunningTool(
      ["serve", "--plaintext", "--no-page", "--port", "0", "--parties", "3", "--output", "served"] + Self.learning,
      in: place.url)
    let port = try await port(of: server)
    let honest = try [0, 2].map { try join(port, party: $0, of: 3, in: place) }
    let number = try #require(Int(port))
    let data = try Dataset.digits().all
    try await Talk.open(number) { (talk: inout Talk) async throws in
      talk.greet("party 1", data, place: 1)
      while let (task, ready) = try await talk.task() {
        let values = [Float](repeating: .nan, count: ready.parameters.count)
        let body = OutgoingBody([("update", values)])
        let metrics = ClientMetrics(samples: data.count, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
        talk.send(Fluxion_V1_Update(task, metrics, body: body.declaration), body)
        #expect(try #require(try await talk.verdict()).kind == .refused)
      }
    }
    #expect(await server.status() == 0, "\(server.text)")
    #expect(server.text.contains("party 1 has no update that counts in round 2: value 0 of the update is nan"))
    for party in honest { #expect(await party.status() == 0, "\(party.text)") }
    let record = try String(contentsOf: place.url.appending(path: "served/run.json"), encoding: .utf8)
    #expect(!record.contains("NaN"))
  }

  @Test("a server whose parties do not come ends at its deadline with a sentence")
  func nobody() async throws {
    let place = try Place()
    let server = try RunningTool(
      ["serve", "--plaintext", "--no-page", "--port", "0", "--parties", "2", "--deadline", "0.2s"], in: place.url)
    #expect(await server.status() == 1)
    #expect(server.text.contains("0 of 2 parties joined within"), "\(server.text)")
  }

  @Test("Ctrl-C ends a server that waits, and a party without a server, at once and with a sentence")
  func interrupted() async throws {
    let place = try Place()
    let server = try RunningTool(["serve", "--plaintext", "--no-page", "--port", "0", "--parties", "2"], in: place.url)
    let port = try await port(of: server)
    server.kill(SIGINT)
    #expect(await server.status() == 130)
    #expect(server.text.contains("fluxion: interrupted before training began"), "\(server.text)")
    let party = try join(port, party: 0, of: 2, in: place)
    _ = await party.line(containing: "no server yet")
    party.kill(SIGTERM)
    #expect(await party.status() == 143)
    #expect(party.text.contains("takes part again"), "\(party.text)")
  }

  @Test(
    "what cannot be is refused with a sentence before anybody listens or joins",
    arguments: [
      (["serve", "--plaintext", "--host", "192.0.2.1"], "without encryption"),
      (["serve", "--baselines"], "baselines needs"),
      (["serve", "--devices", "even"], "these have their own"),
      (["serve", "--tune", "learning-rate"], "tune needs"), (["serve", "--deadline", "soon"], "deadline"),
      (["serve", "--quorum", "2"], "above 0 and at most 1"), (["serve", "--port", "70000"], "65535"),
      (["join", "127.0.0.1:7117"], "--data says"),
      (["join", "127.0.0.1:7117", "--plaintext", "--data", "digits"], "--name says"),
      (["join", "127.0.0.1:7117", "--data", "digits"], "fluxion invite NAME"),
      (["join", "127.0.0.1:7117", "--data", "digits", "--token", "fx1-abc"], "token"),
      (["join", "127.0.0.1:7117", "--data", "digits", "--name", "a"], "as its invitation says"),
      (["join", "127.0.0.1:7117", "--party", "12", "--data", "digits"], "from 0 to 9"),
      (["join", "192.0.2.1:7117", "--plaintext", "--party", "1", "--data", "digits"], "without encryption"),
      (["join", "nowhere:0", "--party", "1", "--data", "digits"], "nowhere:0"),
      (["join", "127.0.0.1:7117", "--plaintext", "--name", "a", "--data", "csv:none.csv"], "none.csv"),
    ])
  func refused(arguments: [String], reason: String) async throws {
    let place = try Place()
    let tool = try RunningTool(arguments, in: place.url)
    #expect(await tool.status() != 0)
    #expect(tool.text.contains(reason), "\(tool.text)")
    #expect(tool.text.hasPrefix("fluxion: "), "\(tool.text)")
  }
}
