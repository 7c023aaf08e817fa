import FluxionCalculus
public import FluxionCoordination
public import Foundation
import GRDB
import Synchronization

/// A store that survives the process: a folder with a journal in SQLite and, beside it, the two latest checkpoints.
///
/// What a function was given is on the disk when it returns, but for provisional entries, which go there with the entry
/// after them: a round costs one transaction, however many parties it has. A process that is killed at any instant leaves a folder
/// from which the next one goes on, to the same bits. A changed or cut file is noticed when the folder is opened.
/// After an error of the disk the store takes nothing more.
///
/// ```swift
/// let store = try SQLiteStore(at: URL(filePath: "state"), of: RunIdentity([("seed", "7")]))
/// for try await round in simulation.rounds(20, keptIn: store) { print(round) }
/// let all = try store.history().rounds
/// ```
///
/// The format is described in `docs/journal.md`.
public final class SQLiteStore: Store {
  public let folder: URL
  /// When the run was begun.
  public let created: Date
  /// What was found damaged when the folder was opened, and what is done about it, a sentence each.
  public let notes: [String]

  let disk: Disk
  private let database: JournalDatabase
  private let contents: Mutex<Contents>

  /// What the database has, as far as it is needed to go on.
  struct Contents: Sendable {
    /// Of the last journal entry; 0 before the first.
    var sequence: Int64 = 0
    /// Of the last journal entry, or of the run.
    var digest: [UInt8]
    var history = RunHistory()
    /// Ascending, two at most.
    var checkpoints: [JournalDatabase.CheckpointRow] = []
    /// Provisional entries, which go to the disk with the next one that is not.
    var provisional: [(entry: JournalEntry, date: Date)] = []
    /// The last entry that is in the database rather than in its log.
    var folded: Int64 = 0
    /// Why nothing more is taken.
    var failure: FluxionError?
    /// Gone once the store is closed.
    var lock: FolderLock?
  }

  /// How many checkpoints are kept: should one be damaged, there is another.
  static let keptCheckpoints = 2

  /// After how many entries SQLite's log is brought into its database.
  private static let entriesInLog: Int64 = 16

  /// Opens a folder for a run, and makes it if it is not there.
  ///
  /// - Throws: ``FluxionError/Code/inUse`` if another process uses the folder,
  ///   ``FluxionError/Code/invalidConfiguration`` if it holds another run, with what differs,
  ///   ``FluxionError/Code/corruptData`` for damage that no earlier checkpoint makes good, with the file and what is
  ///   wrong with it, ``FluxionError/Code/unsupported`` for a folder of a later version, and
  ///   ``FluxionError/Code/cannotWrite``.
  public convenience init(at folder: URL, of identity: RunIdentity) throws {
    try self.init(at: folder, of: identity, disk: Disk())
  }

  package init(at folder: URL, of identity: RunIdentity, disk: Disk) throws {
    var opening = try StoreOpening(folder, disk)
    try opening.open(identity)
    self.folder = folder
    self.disk = disk
    created = opening.created
    notes = opening.notes
    database = opening.database
    contents = Mutex(opening.contents)
  }

  deinit { close() }

  /// Lets go of the folder; nothing can be stored from then on.
  public func close() {
    contents.withLock { contents in
      guard contents.lock != nil else { return }
      database.close()
      contents.lock = nil
      contents.failure = contents.failure ?? FluxionError(.cannotWrite, "\(folder.relativePath) is closed")
    }
  }

  public func history() -> RunHistory { contents.withLock { $0.history } }

  public func checkpoint<State>(of type: State.Type) throws -> Checkpoint<State>? {
    guard let row = contents.withLock({ $0.checkpoints.last }) else { return nil }
    do {
      let value = try CheckpointFile.value(of: CheckpointFile.read(row.file, in: folder))
      return try value.decoded()
    } catch let damage as CheckpointFile.Damage {
      throw StoreOpening.damaged(folder.appending(path: row.file.name), damage.reason)
    } catch {
      throw FluxionError(
        .corruptData,
        "\(folder.appending(path: row.file.name).relativePath) holds the state of another algorithm or of another "
          + "version; use the one that began the run")
    }
  }

  public func append(_ entry: JournalEntry) throws {
    guard entry.isProvisional else { return try append(entry, nil) }
    try contents.withLock { contents in
      if let failure = contents.failure { throw failure }
      contents.provisional.append((entry, Date()))
    }
  }

  public func record<State>(_ round: RoundRecord, saving checkpoint: Checkpoint<State>) throws {
    try append(.roundRecorded(round), CheckpointFile.encode(StoredValue(encoding: checkpoint)))
  }

  /// First the file of a checkpoint, whole and synchronised, then the transaction that makes it count.
  private func append(_ entry: JournalEntry, _ checkpoint: [UInt8]?) throws {
    try contents.withLock { contents in
      if let failure = contents.failure { throw failure }
      do {
        if contents.sequence - contents.folded >= Self.entriesInLog {
          try disk.before(.foldLog)
          try database.foldLog()
          contents.folded = contents.sequence
        }
        let entries = contents.provisional + [(entry, Date())]
        let rows = try Self.rows(entries, after: contents)
        guard let last = rows.last else { return }
        var added: JournalDatabase.CheckpointRow?
        if let checkpoint {
          // By the first entry of its transaction: a file of a later one than the next shows that entries are gone.
          let file = CheckpointFile.Description(
            name: CheckpointFile.name(sequence: contents.sequence + 1), byteCount: checkpoint.count,
            sha256: CheckpointFile.digest(in: checkpoint))
          try disk.write(checkpoint, to: folder.appending(path: file.name))
          added = JournalDatabase.CheckpointRow(sequence: last.row.sequence, round: last.row.round ?? 0, file: file)
        }
        let kept = contents.checkpoints + (added.map { [$0] } ?? [])
        let gone = kept.prefix(max(0, kept.count - Self.keptCheckpoints))
        try disk.before(.commit)
        try database.append(rows, adding: added, removing: Array(gone))
        (contents.sequence, contents.digest) = (last.row.sequence, last.digest)
        contents.provisional.removeAll()
        contents.checkpoints = Array(kept.suffix(Self.keptCheckpoints))
        for (entry, _) in entries { contents.history.add(entry) }
        for checkpoint in gone { try disk.remove(folder.appending(path: checkpoint.file.name)) }
      } catch {
        let failure = StoreOpening.failure(error, database.url)
        contents.failure = failure
        throw failure
      }
    }
  }

  /// The rows of entries, each with the digest that chains it to the one before.
  private static func rows(
    _ entries: [(entry: JournalEntry, date: Date)], after contents: Contents
  ) throws -> [(row: JournalDatabase.JournalRow, digest: [UInt8])] {
    var (sequence, digest) = (contents.sequence, contents.digest)
    return try entries.map { entry, date in
      sequence += 1
      let row = JournalDatabase.JournalRow(
        sequence: sequence, created: date.formatted(StoreOpening.dateStyle), kind: entry.kind,
        round: entry.round.map(Int64.init),
        entry: String(decoding: try JournalEntry.encoder.encode(entry), as: UTF8.self))
      digest = row.digest(after: digest)
      return (row, digest)
    }
  }

  /// How the database is synchronised; 2 is at every commit.
  var synchronousMode: Int? { get throws { try database.synchronousMode } }
}

extension JournalEntry {
  /// Numbers that are not finite are texts, which JSON has.
  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }
}
