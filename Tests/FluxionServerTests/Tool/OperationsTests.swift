import Foundation
import Testing

@Suite("fluxion status, stop, resume, logs and doctor", .timeLimit(.minutes(10)), .serialized)
struct OperationsTests {
  private static let learning = [
    "--data", "digits", "--parties", "2", "--seed", "3", "--model", "mlp:16", "--rounds", "4",
  ]
  private static let dealing = ["--data", "digits", "--parties", "2", "--seed", "3"]

  private func serve(_ more: [String] = [], in place: Place) throws -> RunningTool {
    try RunningTool(
      ["serve", "--port", "0", "--page-port", "0", "--state", "state"] + Self.learning + more, in: place.url)
  }

  private func port(of server: RunningTool) async throws -> String {
    let line = try #require(await server.line(containing: "listening on"), "\(server.text)")
    let address = try #require(line.split(separator: ";").first)
    return String(try #require(address.split(separator: ":").last))
  }

  /// Runs a command to its end.
  private func run(_ arguments: [String], in place: Place, status: Int32 = 0) async throws -> String {
    let tool = try RunningTool(arguments, in: place.url)
    let ended = await tool.status()
    // What it wrote last may come after the word of its end.
    _ = await tool.line(containing: "\u{0}")
    #expect(ended == status, "\(arguments): \(tool.text)")
    return tool.text
  }

  private func json(_ arguments: [String], in place: Place, status: Int32 = 0) async throws -> [String: Any] {
    let text = try await run(arguments + ["--json"], in: place, status: status)
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
  }

  @Test("a run is looked at, stopped, resumed with the same port, and comes to its end; its log tells all of it")
  func wholeRun() async throws {
    let place = try Place()
    let first = try serve(["--plaintext"], in: place)
    let port = try await port(of: first)
    _ = await first.line(containing: "waiting for 2 parties")
    let status = try await run(["status", "--state", "state"], in: place)
    #expect(status.contains("Waiting for parties") && status.contains("0 of 2 parties are here"), "\(status)")
    #expect(status.contains("127.0.0.1:\(port)") && status.contains("not connected"), "\(status)")
    let again = try await run(["resume", "--state", "state"], in: place, status: 1)
    #expect(again.contains("a server runs from state already"), "\(again)")
    let stopped = try await run(["stop", "--state", "state"], in: place)
    #expect(stopped.contains("has ended") && stopped.contains("fluxion resume --state state"), "\(stopped)")
    #expect(await first.status() == 128 + SIGTERM)
    #expect(first.text.contains("fluxion resume --state state goes on from there"), "\(first.text)")
    let gone = try await json(["status", "--state", "state"], in: place)
    #expect(gone["isRunning"] as? Bool == false)

    let follower = try RunningTool(["logs", "--follow", "--state", "state"], in: place.url)
    _ = await follower.line(containing: "server ended")
    // From somewhere else: the arguments hold where the server was begun.
    let elsewhere = try Place()
    let second = try RunningTool(["resume", "--state", place.url.appending(path: "state").path], in: elsewhere.url)
    #expect(try await self.port(of: second) == port)
    let parties = try (0..<2).map {
      try RunningTool(["join", "127.0.0.1:\(port)", "--plaintext", "--party", "\($0)"] + Self.dealing, in: place.url)
    }
    #expect(await second.status() == 0, "\(second.text)")
    for party in parties { #expect(await party.status() == 0, "\(party.text)") }
    #expect(await follower.line(containing: "the run is over") != nil)
    follower.kill(SIGTERM)

    let over = try await run(["status", "--state", "state"], in: place)
    #expect(over.contains("4 rounds are on record") && over.contains("the run is finished"), "\(over)")
    #expect(try await run(["stop", "--state", "state"], in: place).contains("no server runs from state"))
    let lines = try await run(["logs", "--json", "--state", "state"], in: place).split(separator: "\n")
    func count(_ message: String) -> Int { lines.count { $0.contains("\"message\": \"\(message)\"") } }
    #expect(count("server began") == 2 && count("server ended") == 2, "\(lines)")
    #expect(count("party joined") == 2 && count("round recorded") == 4 && count("run finished") == 1, "\(lines)")
    let token = try String(contentsOf: place.url.appending(path: "state/server/page.token"), encoding: .utf8)
    #expect(!lines.contains { $0.contains(token.trimmingCharacters(in: .whitespacesAndNewlines)) })
  }

  @Test("a server that parties are with ends within seconds of SIGTERM, and they are told to come back")
  func told() async throws {
    let place = try Place()
    let server = try serve(["--plaintext"], in: place)
    let port = try await port(of: server)
    let party = try RunningTool(
      ["join", "127.0.0.1:\(port)", "--plaintext", "--party", "0"] + Self.dealing, in: place.url)
    _ = await party.line(containing: "joined as party 0")
    server.kill(SIGTERM)
    #expect(await server.ends(within: 10))
    #expect(await server.status() == 128 + SIGTERM)
    #expect(await party.line(containing: "lost the server")?.contains("trying again") == true, "\(party.text)")
    party.kill(SIGTERM)
    #expect(await party.status() == 128 + SIGTERM)
  }

  @Test("folders without a server are refused with a sentence", arguments: ["status", "stop", "resume", "logs"])
  func nothing(command: String) async throws {
    let place = try Place()
    #expect(try await run([command], in: place, status: 1).contains("fluxion-server is no state folder of a server"))
  }

  @Test("the doctor finds a server's folder well while it runs and when it does not, and names what is wrong")
  func doctorOfServer() async throws {
    let place = try Place()
    let server = try serve(in: place)
    _ = try await port(of: server)
    _ = await server.line(containing: "waiting for")
    let well = try await run(["doctor", "--state", "state"], in: place)
    #expect(well.contains("answers: this server's") && well.contains("nothing is wrong"), "\(well)")
    #expect(well.contains("the server's certificate is good until") && well.contains("samples"), "\(well)")
    #expect(well.contains("the server's clock and this machine's clock agree"), "\(well)")
    _ = try await run(["stop", "--state", "state"], in: place)
    #expect(try await run(["doctor", "--state", "state"], in: place).contains("is free"))
    let key = place.url.appending(path: "state/identity/authority.pem").path
    #expect(chmod(key, 0o644) == 0)
    let ill = try await json(["doctor", "--state", "state", "--data", "csv:none.csv"], in: place, status: 1)
    #expect(ill["isWell"] as? Bool == false)
    let findings = try #require(ill["findings"] as? [[String: Any]])
    let problems = findings.filter { $0["level"] as? String == "problem" }
    #expect(Set(problems.compactMap { $0["subject"] as? String }) == ["certificates", "data"], "\(problems)")
    #expect(problems.allSatisfy { $0["advice"] is String })
  }

  @Test("the doctor tries a party out on its server, before it enrols, after, and when it is revoked")
  func doctorOfParty() async throws {
    let place = try Place()
    let server = try serve(in: place)
    let address = "127.0.0.1:" + (try await port(of: server))
    let look = ["doctor", address, "--state", "party", "--data", "digits"]
    #expect(try await run(look, in: place).contains("\(address) answers"))
    let invitation = try await json(["invite", "north", "--state", "state"], in: place)
    let token = try #require(invitation["token"] as? String)
    let party = try RunningTool(
      ["join", address, "--token", token, "--data", "digits", "--state", "party"], in: place.url)
    _ = await party.line(containing: "joined as party 0")
    party.kill(SIGTERM)
    #expect(await party.status() == 128 + SIGTERM)
    let well = try await run(look, in: place)
    #expect(well.contains("knows this party") && well.contains("nothing is wrong"), "\(well)")
    _ = try await run(["revoke", "north", "--state", "state"], in: place)
    let refused = try await run(look, in: place, status: 1)
    #expect(refused.contains("does not let this party in") && refused.contains("fluxion invite"), "\(refused)")
    server.kill(SIGTERM)
    _ = await server.status()
    let unreachable = try await run(look, in: place, status: 1)
    #expect(unreachable.contains("cannot be reached"), "\(unreachable)")
  }
}
