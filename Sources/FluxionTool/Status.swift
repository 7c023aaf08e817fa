import ArgumentParser
import Fluxion
import FluxionCommand
import Foundation

/// `fluxion status`
struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Says how a server's run stands, and how each party is.",
    discussion: """
      Asks the page of the server that uses the state folder. If none does: what the folder has on record, and how to \
      go on.
      """)

  @OptionGroup var folder: ServerState

  @Flag(help: "Print JSON and nothing else.")
  var json = false

  func run() async throws {
    let standing = try await ServerStanding.of(folder)
    try StandardOutput.write(
      json ? standing.json.text() + "\n" : standing.text(.current(descriptor: STDOUT_FILENO)))
  }
}
