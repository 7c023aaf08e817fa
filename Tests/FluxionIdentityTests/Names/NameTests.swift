import FluxionCalculus
import FluxionIdentity
import Testing

@Suite("Names")
struct NameTests {
  @Test("a party may be called", arguments: ["a", "hospital-a", "7", "St._Mary", String(repeating: "x", count: 64)])
  func aPartyMayBeCalled(_ name: String) throws { #expect(try PartyName(name).description == name) }

  @Test(
    "a party may not be called",
    arguments: [
      "", "-a", ".a", "a b", "a\n", "köln", "a/b", "a\u{0}", "а", String(repeating: "x", count: 65), "--state",
    ])
  func aPartyMayNotBeCalled(_ name: String) {
    #expect { try PartyName(name) } throws: { ($0 as? FluxionError)?.code == .invalidArgument }
  }

  @Test(
    "a server is reached by names and addresses",
    arguments: [
      ("Fed.Example.org", ServerName.dns("fed.example.org")), ("localhost", .dns("localhost")),
      ("192.0.2.7", .address([192, 0, 2, 7])), ("::1", .address([UInt8](repeating: 0, count: 15) + [1])),
    ])
  func aServerIsReachedByNamesAndAddresses(_ text: String, _ name: ServerName) throws {
    #expect(try ServerName(text) == name)
    #expect(name.description == text.lowercased())
  }

  @Test(
    "a server is not reached by",
    arguments: ["", "a:7117", "*.example.org", "a b", "-a", "a..b", "300.1.1.1", "1.2.3", "a/b", "köln.de"])
  func aServerIsNotReachedBy(_ text: String) {
    #expect { try ServerName(text) } throws: { ($0 as? FluxionError)?.code == .invalidArgument }
  }
}
