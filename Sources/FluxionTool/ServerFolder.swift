import Fluxion
import FluxionDashboard
import FluxionIdentity
import Foundation

/// What a server leaves in its state folder for the commands that look after it, in `server` there.
struct ServerFolder {
  /// A server that runs, or ran.
  struct Note: Codable, Equatable {
    var version = 1
    /// Where clients reach it.
    var address: String
    /// Where its page is, without the token.
    var page: String?
    /// Of `fluxion serve`.
    var arguments: [String]
    /// In which those hold.
    var directory: String
    /// Where `run.json` and the others go; nil for the state folder.
    var output: String?

    var outputDirectory: URL? {
      output.map { URL(fileURLWithPath: $0, isDirectory: true, relativeTo: URL(fileURLWithPath: directory)) }
    }
  }

  private let state: URL
  private let folder: PrivateFolder

  private static let noteFile = "server.json"
  private static let tokenFile = "page.token"

  /// Of what the server logs; the one before it has `.1` behind its name.
  var log: URL { folder.url.appending(path: "server.log") }

  /// Of a server that begins.
  init(creating state: URL) throws {
    self.state = state
    folder = try PrivateFolder(creating: state.appending(path: "server"))
  }

  /// Of a server that is or was there.
  ///
  /// - Throws: ``FluxionError/Code/notFound`` for a folder that no server has used.
  init(_ state: URL) throws {
    self.state = state
    do { folder = try PrivateFolder(state.appending(path: "server")) } catch {
      throw FluxionError(
        .notFound, "\(state.relativePath) is no state folder of a server; --state names the one that it was begun with")
    }
  }

  /// The token of the page, made once: links and scrapers stay good over restarts.
  func token() throws -> String {
    if let text = try folder.text(of: Self.tokenFile) {
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let token = Dashboard.makeToken()
    try folder.write(token + "\n", to: Self.tokenFile)
    return token
  }

  func keep(_ note: Note) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try folder.write(String(decoding: try encoder.encode(note), as: UTF8.self) + "\n", to: Self.noteFile)
  }

  /// - Throws: ``FluxionError`` if there is none, or it cannot be read.
  func note() throws -> Note {
    guard let text = try folder.text(of: Self.noteFile) else {
      throw FluxionError(.notFound, "no server has served from \(state.relativePath) yet: fluxion serve")
    }
    guard let note = try? JSONDecoder().decode(Note.self, from: Data(text.utf8)), note.version == 1 else {
      throw FluxionError(
        .corruptData, "\(folder.url.appending(path: Self.noteFile).relativePath) is damaged; serve once more")
    }
    return note
  }
}
