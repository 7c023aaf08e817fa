import Fluxion
import FluxionServer
import Foundation

/// What a server must find again after a restart beside the run itself: what the run is called, and who has which place.
struct FederationFile: Sendable {
  private struct Contents: Codable {
    var version = 1
    var run: String
    var seats: [Roster.Seat?]
  }

  let run: String
  /// Of the places that were taken when the file was opened.
  let seats: [Roster.Seat?]
  private let url: URL

  /// Reads the file of a directory, or begins one.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for a file that cannot be read, ``FluxionError/Code/cannotWrite``.
  init(in directory: URL) throws {
    url = directory.appending(path: "federation.json")
    guard FileManager.default.fileExists(atPath: url.path) else {
      (run, seats) = (UUID().uuidString.lowercased(), [])
      try write([])
      return
    }
    do {
      let contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: url))
      (run, seats) = (contents.run, contents.seats)
      guard contents.version == 1 else {
        throw FluxionError(.unsupported, "\(url.relativePath) is of a later version; use the release that wrote it")
      }
    } catch let error as FluxionError {
      throw error
    } catch {
      throw FluxionError(
        .corruptData, "\(url.relativePath) is damaged; restore it, or begin the run in another directory", cause: error)
    }
  }

  /// Takes the place of the file as a whole.
  func write(_ seats: [Roster.Seat?]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      try encoder.encode(Contents(run: run, seats: seats)).write(to: url, options: .atomic)
    } catch {
      throw FluxionError(
        .cannotWrite, "\(url.relativePath) cannot be written; check the space on the disk", cause: error)
    }
  }
}
