import Foundation
import Testing

@Suite("fluxion invite, parties and revoke")
struct IdentityTests {
  private let directory: Directory

  init() throws { directory = try Directory() }

  private func run(_ arguments: String...) async throws -> Tool.Result {
    try await Tool.run(arguments + ["--state", "server"], in: directory)
  }

  private func json(_ result: Tool.Result) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  @Test("an invitation prints a token and the command to join with it, and the party is listed as invited")
  func invite() async throws {
    let invited = try await run("invite", "hospital-a", "--server", "fed.example.org:7117")
    #expect(invited.status == 0 && invited.errors == "")
    let token = try #require(invited.output.firstMatch(of: /\n  (fx1(-[0-9A-Z]{8}){7})\n/)).output.1
    #expect(invited.output.contains("  fluxion join fed.example.org:7117 --token \(token) --data FILE --state DIR\n"))
    let parties = try await run("parties")
    #expect(parties.status == 0 && parties.output.contains("hospital-a") && parties.output.contains("invited"))
    let log = try String(contentsOf: directory.url.appending(path: "server/identity/registry.log"), encoding: .utf8)
    #expect(!log.contains(token))
  }

  @Test("JSON has what the text has")
  func inJSON() async throws {
    let invited = try json(await run("invite", "a", "--expires", "7d", "--json"))
    let token = try #require(invited["token"] as? String)
    #expect(invited["party"] as? String == "a")
    #expect((invited["command"] as? String)?.contains(" SERVER:PORT --token \(token) ") == true)
    let expires = try #require(invited["expires"] as? String)
    let parties = try #require(try json(await run("parties", "--json"))["parties"] as? [[String: Any]])
    #expect(parties.count == 1)
    #expect(parties.first?["name"] as? String == "a" && parties.first?["state"] as? String == "invited")
    #expect(parties.first?["expires"] as? String == expires)
    #expect(try json(await run("revoke", "a", "--json"))["state"] as? String == "revoked")
    let revoked = try #require(try json(await run("parties", "--json"))["parties"] as? [[String: Any]])
    #expect(revoked.first?["state"] as? String == "revoked" && revoked.first?["expires"] is NSNull)
  }

  @Test(
    "what cannot be done ends in one sentence",
    arguments: [
      (["invite", "a b"], "a party's name has 1 to 64 letters"),
      (
        ["invite", "a", "--expires", "soon"], "--expires is a whole number and s, m, h or d, such as 24h; not \"soon\""
      ),
      (["invite", "a", "--expires", "31d"], "an invitation is good for 1 second to 30 days"),
      (["invite", "a", "--expires", "0h"], "an invitation is good for 1 second to 30 days"),
      (["revoke", "a"], "server is no state folder of a server"),
      (["parties"], "server is no state folder of a server"),
    ])
  func refusals(_ arguments: [String], _ words: String) async throws {
    let result = try await Tool.run(arguments + ["--state", "server"], in: directory)
    #expect(result.status != 0 && result.output == "")
    #expect(result.errors.hasPrefix("fluxion: ") && result.errors.contains(words), "\(result.errors)")
    #expect(result.errors.filter { $0 == "\n" }.count == 1)
  }

  @Test("a name that was never invited cannot be revoked, and those that were are named")
  func revokingNobody() async throws {
    _ = try await run("invite", "hospital-a")
    let result = try await run("revoke", "hospital-b")
    #expect(result.status == 1)
    #expect(result.errors == "fluxion: no party is called hospital-b; invited were: hospital-a\n")
  }
}
