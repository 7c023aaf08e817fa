import ArgumentParser
import Fluxion
import FluxionCommand
import FluxionIdentity
import Foundation

/// `fluxion parties`
struct Parties: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists who was invited, who is a party, and until when.")

  @OptionGroup var folder: ServerState

  @Flag(help: "Print JSON and nothing else.")
  var json = false

  func run() throws {
    let standings = try Registrar(state: folder.url).standings()
    guard !json else {
      let parties = standings.map { standing in
        JSONValue.object([
          .init("name", .string(standing.name.description)), .init("state", .string(standing.state.rawValue)),
          .init("expires", JSONValue(standing.expires?.formatted(.iso8601))),
          .init("serials", .array(standing.serials.map(JSONValue.string))),
        ])
      }
      return try StandardOutput.line(JSONValue.object([.init("parties", .array(parties))]).text())
    }
    guard !standings.isEmpty else {
      return try StandardOutput.line("nobody was invited yet: fluxion invite NAME --state \(folder.state)")
    }
    var table = TextTable([.left("party"), .left("state"), .left("until")])
    for standing in standings {
      table.add([
        standing.name.description, standing.state.rawValue.replacing("-", with: " "),
        standing.expires?.formatted(.iso8601) ?? "",
      ])
    }
    try StandardOutput.write(table.text(style: .current(descriptor: STDOUT_FILENO)))
  }
}
