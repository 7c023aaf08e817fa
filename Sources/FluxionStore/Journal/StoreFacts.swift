import FluxionCalculus
import FluxionCoordination
package import Foundation
import GRDB

/// What a run's folder says of itself to somebody who only looks, also while a process uses it.
package struct StoreFacts: Equatable, Sendable {
  /// Of the tables.
  package var version: Int
  /// Rounds on record.
  package var rounds: Int
  /// Whether the run is over by its own rules.
  package var isFinished: Bool
  /// The size of the largest checkpoint; 0 before the first.
  package var checkpointByteCount: Int

  /// The version of the tables that this build writes and reads.
  package static let currentVersion = JournalDatabase.version
}

extension StoreFacts {
  /// nil for a folder without a journal.
  ///
  /// - Throws: ``FluxionError/Code/corruptData`` for a journal that is none, or too damaged to be looked at.
  package init?(of folder: URL) throws {
    let file = folder.appending(path: JournalDatabase.fileName)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    do {
      let queue = try DatabaseQueue(path: file.path, configuration: configuration)
      defer { try? queue.close() }
      (version, rounds, isFinished, checkpointByteCount) = try queue.read { database in
        // A damaged file may have values of any kind anywhere.
        func number(_ sql: String) throws -> Int {
          if case .int64(let number)? = try DatabaseValue.fetchOne(database, sql: sql)?.storage {
            return Int(clamping: number)
          }
          return 0
        }
        let version = try number("PRAGMA user_version")
        guard version == JournalDatabase.version else { return (version, 0, false, 0) }
        return (
          version,
          try number(
            """
            SELECT round FROM journal WHERE kind IN ('roundRecorded', 'wentBack') ORDER BY sequence DESC LIMIT 1
            """),
          try Self.ending(in: database)?.isOrdinary ?? false,
          try number("SELECT max(bytes) FROM checkpoint")
        )
      }
    } catch {
      throw StoreOpening.failure(error, file, opening: true)
    }
  }

  /// Why the run ended, unless it went on after that.
  private static func ending(in database: Database) throws -> StopReason? {
    let entry = try DatabaseValue.fetchOne(
      database,
      sql: """
        SELECT entry FROM journal WHERE kind IN ('runFinished', 'runResumed', 'wentBack')
          ORDER BY sequence DESC LIMIT 1
        """)
    guard case .string(let entry)? = entry?.storage,
      case .runFinished(let reason)? = try? JournalEntry.decoder.decode(JournalEntry.self, from: Data(entry.utf8))
    else { return nil }
    return reason
  }
}
