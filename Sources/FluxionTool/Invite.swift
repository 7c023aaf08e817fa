import ArgumentParser
import Fluxion
import FluxionCommand
import FluxionIdentity
import Foundation

/// `fluxion invite`
struct Invite: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a one-time token by which a party joins.",
    discussion: """
      The token is bound to the name, is good for one enrolment, and cannot be shown again. Give it to the party in a way \
      that others do not see. The server may be running.
      """)

  @Argument(help: ArgumentHelp("What the party is to be called.", valueName: "name"))
  var name: String

  @OptionGroup var folder: ServerState

  @Option(help: ArgumentHelp("How long the token is good: up to 30d, such as 90m, 24h or 7d.", valueName: "time"))
  var expires = "24h"

  @Option(help: ArgumentHelp("Where clients reach the server, for the printed command.", valueName: "host:port"))
  var server: String?

  @Flag(help: "Print JSON and nothing else.")
  var json = false

  func run() throws {
    let party = try PartyName(name)
    let time = try Self.seconds(expires)
    let registrar = try Registrar(creating: folder.url)
    let (token, expires) = try registrar.invite(party, for: time)
    let address = server ?? registrar.address ?? "SERVER:PORT"
    let command = "fluxion join \(address) --token \(token.text) --data FILE --state DIR"
    let until = expires.formatted(.iso8601)
    guard !json else {
      let value: JSONValue = .object([
        .init("party", .string(name)), .init("token", .string(token.text)), .init("expires", .string(until)),
        .init("command", .string(command)),
      ])
      return try StandardOutput.line(value.text())
    }
    try StandardOutput.write(
      """
      \(party) may join until \(until), once, with this token, which is not shown again:

        \(token.text)

      On its machine:

        \(command)

      """)
  }

  /// The seconds of a time such as `24h`.
  ///
  /// - Throws: ``UsageError``.
  static func seconds(_ text: String) throws -> TimeInterval {
    let units: [Character: TimeInterval] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = UInt32(text.dropLast()) else {
      throw UsageError(message: "--expires is a whole number and s, m, h or d, such as 24h; not \"\(text)\"")
    }
    return TimeInterval(count) * unit
  }
}

/// Where a server keeps what it has.
struct ServerState: ParsableArguments {
  static let defaultFolder = "fluxion-server"

  @Option(help: ArgumentHelp("The server's state folder.", valueName: "DIR"))
  var state = Self.defaultFolder

  var url: URL { URL(fileURLWithPath: state, isDirectory: true) }
}
