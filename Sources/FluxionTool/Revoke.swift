import ArgumentParser
import Fluxion
import FluxionCommand
import FluxionIdentity

/// `fluxion revoke`
struct Revoke: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Takes back a party's certificates and invitation.",
    discussion: """
      A server that is running ends the party's streams at once and takes no more from it. What the party has \
      contributed stays. To let it join anew: fluxion invite.
      """)

  @Argument(help: ArgumentHelp("What the party is called.", valueName: "name"))
  var name: String

  @OptionGroup var folder: ServerState

  @Flag(help: "Print JSON and nothing else.")
  var json = false

  func run() throws {
    let party = try PartyName(name)
    try Registrar(state: folder.url).revoke(party)
    try StandardOutput.line(
      json
        ? JSONValue.object([.init("party", .string(name)), .init("state", .string("revoked"))]).text()
        : "\(party) is revoked; to let it join anew: fluxion invite \(party) --state \(folder.state)")
  }
}
