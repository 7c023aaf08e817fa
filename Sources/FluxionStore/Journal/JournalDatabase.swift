import Crypto
import FluxionCalculus
import Foundation
import GRDB

/// The journal as a database; the one place that knows SQLite.
///
/// `user_version` is the version of the tables, 1. Rows are never changed. Each journal entry has a digest of itself and
/// of the digest before it, and the first one's predecessor is the digest of the run, so that a changed, missing or
/// exchanged row is noticed; SQLite itself checks the structure of its pages, not what is in them.
final class JournalDatabase: Sendable {
  let url: URL
  private let queue: DatabaseQueue

  static let fileName = "journal.sqlite"
  static let version = 1
  /// `FLUX`: `file` and others tell by it whose database this is.
  private static let applicationID = 0x464C_5558

  /// Opens a database, and makes it if it is not there; synchronised with the disk at every commit.
  ///
  /// - Throws: `DatabaseError`.
  init(at url: URL) throws {
    self.url = url
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { database in
      // GRDB's own WAL mode would synchronise at checkpoints alone. SQLite's own checkpoints would hide their errors.
      try database.execute(
        sql: """
          PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA wal_autocheckpoint = 0
          """)
    }
    queue = try DatabaseQueue(path: url.path, configuration: configuration)
  }

  func close() { try? queue.close() }

  /// What is in the file at all.
  enum Content: Equatable {
    case nothing
    case run
    /// Something else, in words.
    case other(String)
    case laterVersion(Int)
  }

  func content() throws -> Content {
    try queue.read { database in
      let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
      let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
      if tables == 0, version == 0, application == 0 { return .nothing }
      guard application == Self.applicationID else { return .other("it is a database of something else") }
      if version > Self.version { return .laterVersion(version) }
      guard version == Self.version else { return .other("its tables have version \(version)") }
      let check = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? ""
      return check == "ok" ? .run : .other(check)
    }
  }

  /// Makes the tables, with the run that they are of.
  func create(_ run: RunRow) throws {
    try queue.write { database in
      try database.execute(
        sql: """
          CREATE TABLE run (id INTEGER PRIMARY KEY, created TEXT NOT NULL, identity TEXT NOT NULL, digest BLOB NOT NULL);
          CREATE TABLE journal (
            sequence INTEGER PRIMARY KEY, created TEXT NOT NULL, kind TEXT NOT NULL, round INTEGER, entry TEXT NOT NULL,
            digest BLOB NOT NULL);
          CREATE TABLE checkpoint (
            sequence INTEGER PRIMARY KEY, round INTEGER NOT NULL, file TEXT NOT NULL, bytes INTEGER NOT NULL,
            sha256 BLOB NOT NULL, digest BLOB NOT NULL);
          PRAGMA application_id = \(Self.applicationID);
          PRAGMA user_version = \(Self.version);
          """)
      try database.execute(
        sql: "INSERT INTO run (id, created, identity, digest) VALUES (1, ?, ?, ?)",
        arguments: [run.created, run.identity, Data(run.digest)])
    }
  }

  /// The run that the tables are of; nil if they do not say.
  func run() throws -> (run: RunRow, digest: [UInt8])? {
    try queue.read { database in
      let row = try Row.fetchOne(database, sql: "SELECT created, identity, digest FROM run WHERE id = 1")
      guard let row, let created = text(row, 0), let identity = text(row, 1), let digest = blob(row, 2) else {
        return nil
      }
      return (RunRow(created: created, identity: identity), digest)
    }
  }

  /// Calls `body` with each journal entry in order, and with the digest that is stored with it; nil for a row that is
  /// no entry.
  func readJournal(_ body: ((row: JournalRow, digest: [UInt8])?) throws -> Void) throws {
    try queue.read { database in
      let rows = try Row.fetchCursor(
        database, sql: "SELECT sequence, created, kind, round, entry, digest FROM journal ORDER BY sequence")
      while let row = try rows.next() {
        guard let sequence = integer(row, 0), let created = text(row, 1), let kind = text(row, 2),
          let entry = text(row, 4), let digest = blob(row, 5)
        else {
          try body(nil)
          return
        }
        try body(
          (JournalRow(sequence: sequence, created: created, kind: kind, round: integer(row, 3), entry: entry), digest))
      }
    }
  }

  /// The checkpoints, the oldest first, with the digests that are stored with them; nil for rows that are none.
  func checkpoints() throws -> [(row: CheckpointRow, digest: [UInt8])]? {
    try queue.read { database in
      var checkpoints: [(CheckpointRow, [UInt8])] = []
      let rows = try Row.fetchCursor(
        database, sql: "SELECT sequence, round, file, bytes, sha256, digest FROM checkpoint ORDER BY sequence")
      while let row = try rows.next() {
        guard let sequence = integer(row, 0), let round = integer(row, 1), let name = text(row, 2),
          let byteCount = integer(row, 3), let sha256 = blob(row, 4), let digest = blob(row, 5)
        else { return nil }
        let file = CheckpointFile.Description(name: name, byteCount: Int(byteCount), sha256: sha256)
        checkpoints.append((CheckpointRow(sequence: sequence, round: round, file: file), digest))
      }
      return checkpoints
    }
  }

  /// Adds entries, and changes which checkpoints there are, in one transaction.
  ///
  /// - Parameter checkpoint: of the last of the entries.
  func append(
    _ rows: [(row: JournalRow, digest: [UInt8])], adding checkpoint: CheckpointRow? = nil,
    removing gone: [CheckpointRow] = []
  ) throws {
    try queue.write { database in
      for (row, digest) in rows {
        try database.execute(
          sql: "INSERT INTO journal (sequence, created, kind, round, entry, digest) VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [row.sequence, row.created, row.kind, row.round, row.entry, Data(digest)])
      }
      if let checkpoint, let digest = rows.last?.digest {
        try database.execute(
          sql: "INSERT INTO checkpoint (sequence, round, file, bytes, sha256, digest) VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [
            checkpoint.sequence, checkpoint.round, checkpoint.file.name, checkpoint.file.byteCount,
            Data(checkpoint.file.sha256), Data(checkpoint.digest(after: digest)),
          ])
      }
      for checkpoint in gone {
        try database.execute(sql: "DELETE FROM checkpoint WHERE sequence = ?", arguments: [checkpoint.sequence])
      }
    }
  }

  /// Brings what is in the log into the database file, synchronised, so that the log does not grow on.
  func foldLog() throws {
    do {
      try queue.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      // Someone looks into the database at this moment; there is another time.
    }
  }

  /// How the database is synchronised; 2 is at every commit.
  var synchronousMode: Int? {
    get throws { try queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } }
  }
}

// A damaged file may have values of any kind anywhere; GRDB's own conversions would trap on them.
private func text(_ row: Row, _ column: Int) -> String? {
  let value: DatabaseValue = row[column]
  if case .string(let text) = value.storage { return text }
  return nil
}

private func integer(_ row: Row, _ column: Int) -> Int64? {
  let value: DatabaseValue = row[column]
  if case .int64(let number) = value.storage { return number }
  return nil
}

private func blob(_ row: Row, _ column: Int) -> [UInt8]? {
  let value: DatabaseValue = row[column]
  if case .blob(let data) = value.storage { return [UInt8](data) }
  return nil
}

extension JournalDatabase {
  /// The run that a database is of.
  struct RunRow {
    var created: String
    /// A ``RunIdentity`` as JSON.
    var identity: String

    var digest: [UInt8] { Digest.of(["fluxion", created, identity]) }
  }

  struct JournalRow {
    var sequence: Int64
    var created: String
    var kind: String
    var round: Int64?
    /// A `JournalEntry` as JSON.
    var entry: String

    func digest(after previous: [UInt8]) -> [UInt8] {
      Digest.of(["\(sequence)", created, kind, round.map { "\($0)" } ?? "", entry], after: previous)
    }
  }

  struct CheckpointRow {
    /// Of the journal entry that came with it.
    var sequence: Int64
    var round: Int64
    var file: CheckpointFile.Description

    /// - Parameter entry: the digest of that entry.
    func digest(after entry: [UInt8]) -> [UInt8] {
      Digest.of(["\(round)", file.name, "\(file.byteCount)"] + file.sha256.map { "\($0)" }, after: entry)
    }
  }

  private enum Digest {
    /// SHA-256 of texts, each with its length before it.
    static func of(_ texts: [String], after previous: [UInt8] = []) -> [UInt8] {
      var hash = SHA256()
      hash.update(data: previous)
      for var text in texts {
        text.withUTF8 { utf8 in
          withUnsafeBytes(of: UInt64(utf8.count).littleEndian) { hash.update(bufferPointer: $0) }
          hash.update(bufferPointer: UnsafeRawBufferPointer(utf8))
        }
      }
      return Array(hash.finalize())
    }
  }
}
