import Fluxion
import FluxionServer
import Foundation

/// What a server must find again after a restart beside the run itself: what the run is called, how often it was taken
/// up, and who has which place.
struct FederationFile: Sendable {
  private struct Contents: Codable {
    var version = 1
    var run: String
    var life: UInt32
    var seats: [Roster.Seat?]
  }

  let run: String
  /// Which opening of the file this is, from 0.
  let life: UInt32
  /// Of the places that were taken when the file was opened.
  let seats: [Roster.Seat?]
  private let url: URL

  /// Opens the file of a directory once more, or begins one.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for a file that cannot be read, ``FluxionError/Code/cannotWrite``.
  init(in directory: URL) throws {
    url = directory.appending(path: "federation.json")
    guard FileManager.default.fileExists(atPath: url.path) else {
      (run, life, seats) = (UUID().uuidString.lowercased(), 0, [])
      try write([])
      return
    }
    do {
      let contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: url))
      guard contents.version == 1, contents.life < .max else {
        throw FluxionError(.unsupported, "\(url.relativePath) is of a later version; use the release that wrote it")
      }
      (run, life, seats) = (contents.run, contents.life + 1, contents.seats)
    } catch let error as FluxionError {
      throw error
    } catch {
      throw FluxionError(
        .corruptData, "\(url.relativePath) is damaged; restore it, or begin the run in another directory", cause: error)
    }
    // Before the first task of this life.
    try write(seats)
  }

  /// Takes the place of the file as a whole.
  func write(_ seats: [Roster.Seat?]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      try encoder.encode(Contents(run: run, life: life, seats: seats)).write(to: url, options: .atomic)
    } catch {
      throw FluxionError(
        .cannotWrite, "\(url.relativePath) cannot be written; check the space on the disk", cause: error)
    }
  }
}
