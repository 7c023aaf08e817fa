import Crypto
import FluxionCalculus
import FluxionClient
import FluxionIdentity
import FluxionServer
import FluxionWire
import Foundation

/// The clients of a scenario, as the process that has them is told.
struct Parties: Codable {
  var port: Int
  var count: Int
  var exampleShape: [Int]
  var classCount: Int?
  /// Where their certificates are; nil for plaintext.
  var folder: URL?

  static func name(_ party: Int) -> String { "party-\(party)" }

  /// Takes part with all of them until the run is over.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for party in 0..<count {
        let client = EchoClient(
          introduction: Introduction(
            name: Self.name(party), samples: 1, exampleShape: Shape(exampleShape), classCount: classCount),
          port: port, security: try Self.security(of: party, in: folder))
        group.addTask { try await client.run() }
      }
      try await group.waitForAll()
    }
  }

  static func security(of party: Int, in folder: URL?) throws -> ClientSecurity {
    guard let folder else { return .plaintextOnLoopback }
    return .mutualTLS(try PartyFolder(state: folder.appending(path: name(party))))
  }

  /// Gives each party a key and a certificate of its own, without a network.
  static func enroll(_ count: Int, in folder: URL, by registrar: Registrar) throws {
    for party in 0..<count {
      let (name, key) = (try PartyName(name(party)), P256.Signing.PrivateKey())
      let grant = try registrar.enroll(
        secret: registrar.invite(name, for: 3600).token.secret, request: SigningRequest.encoded(for: key))
      try PartyFolder(state: folder.appending(path: name.description)).keep(
        PartyIdentity(
          name: name.description, key: key, certificate: grant.certificate, authority: grant.authority,
          trusted: registrar.authority.fingerprint))
    }
  }
}
