import FluxionCalculus
import FluxionCoordination
import Foundation
import GRDB

/// How a folder is opened: locked, compared with the run that wants it, and checked from the first byte to the last.
struct StoreOpening {
  private let folder: URL
  private let disk: Disk
  private let lock: FolderLock
  let database: JournalDatabase
  private(set) var created = Date()
  private(set) var notes: [String] = []
  private(set) var contents: SQLiteStore.Contents

  /// - Throws: for a folder that cannot be used, or that someone uses.
  init(_ folder: URL, _ disk: Disk) throws {
    self.folder = folder
    self.disk = disk
    try Self.make(folder, disk)
    lock = try FolderLock(of: folder)
    let url = folder.appending(path: JournalDatabase.fileName)
    let isNew = !FileManager.default.fileExists(atPath: url.path)
    if isNew, !Self.checkpointFiles(in: folder).isEmpty {
      throw Self.damaged(url, "it is not there, but checkpoints of a run are")
    }
    do {
      database = try JournalDatabase(at: url)
    } catch {
      throw Self.failure(error, url, opening: true)
    }
    contents = SQLiteStore.Contents(digest: [], lock: lock)
    if isNew { try disk.synchronizeFolder(folder) }
  }

  /// Makes a folder and those above it that are not there, each durably named in the one above.
  private static func make(_ folder: URL, _ disk: Disk) throws {
    var (above, made) = (folder.standardizedFileURL, [URL]())
    while !FileManager.default.fileExists(atPath: above.path), above.pathComponents.count > 1 {
      above.deleteLastPathComponent()
      made.append(above)
    }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw FluxionError(
        .cannotWrite, "\(folder.relativePath) cannot be made a folder; name one that can be written to", cause: error)
    }
    for above in made { try disk.synchronizeFolder(above) }
  }

  /// - Throws: as `SQLiteStore.init(at:of:)`.
  mutating func open(_ identity: RunIdentity) throws {
    do {
      switch try database.content() {
      case .nothing:
        guard Self.checkpointFiles(in: folder).isEmpty else {
          throw damagedJournal("it is empty, but checkpoints of a run are there")
        }
        try begin(identity)
      case .run: try goOn(identity)
      case .other(let reason): throw damagedJournal(reason)
      case .laterVersion(let version):
        throw FluxionError(
          .unsupported,
          "\(database.url.relativePath) has version \(version), and this build reads version "
            + "\(JournalDatabase.version); use the later build that wrote it")
      }
      try clear()
    } catch {
      database.close()
      throw Self.failure(error, database.url, opening: true)
    }
  }

  private mutating func begin(_ identity: RunIdentity) throws {
    let run = JournalDatabase.RunRow(
      created: created.formatted(Self.dateStyle),
      identity: String(decoding: try JournalEntry.encoder.encode(identity), as: UTF8.self))
    try disk.before(.commit)
    try database.create(run)
    contents.digest = run.digest
    try disk.synchronizeFolder(folder)
  }

  private mutating func goOn(_ identity: RunIdentity) throws {
    guard let (run, digest) = try database.run(), digest == run.digest,
      let earlier = try? JSONDecoder().decode(RunIdentity.self, from: Data(run.identity.utf8)),
      let created = try? Date(run.created, strategy: Self.dateStyle)
    else { throw damagedJournal("what it says of its run is not what was written") }
    if let difference = identity.difference(from: earlier) {
      throw FluxionError(
        .invalidConfiguration,
        "\(folder.relativePath) holds a run with \(difference); name another folder, or go on as that run began")
    }
    self.created = created
    contents.digest = digest
    let digests = try readJournal()
    try findCheckpoint(digests)
  }

  /// Reads and checks every entry; returns the digests of those that came with a checkpoint.
  private mutating func readJournal() throws -> [Int64: [UInt8]] {
    var (digests, contents, reader) = ([Int64: [UInt8]](), self.contents, HistoryReader())
    try database.readJournal { read in
      guard let (row, digest) = read, row.sequence == contents.sequence + 1,
        digest == row.digest(after: contents.digest)
      else { throw damagedJournal("entry \(contents.sequence + 1) is not what was written") }
      (contents.sequence, contents.digest) = (row.sequence, digest)
      if row.kind == "roundRecorded" { digests[row.sequence] = digest }
      do { try reader.read(row) } catch { throw damagedJournal("entry \(row.sequence) cannot be read") }
    }
    do { contents.history = try reader.finish() } catch { throw damagedJournal("its last entries cannot be read") }
    self.contents = contents
    return digests
  }

  /// The latest checkpoint that is whole; what the run did after it is done again.
  private mutating func findCheckpoint(_ digests: [Int64: [UInt8]]) throws {
    guard let stored = try database.checkpoints(),
      stored.allSatisfy({ row, digest in digests[row.sequence].map { row.digest(after: $0) == digest } ?? false })
    else { throw damagedJournal("its table of checkpoints is not what was written") }
    var rows = stored.map(\.row)
    var (gone, reasons) = ([JournalDatabase.CheckpointRow](), [String]())
    while let row = rows.last {
      do {
        _ = try CheckpointFile.read(row.file, in: folder)
        break
      } catch let damage as CheckpointFile.Damage {
        reasons.append("\(folder.appending(path: row.file.name).relativePath) is damaged: \(damage.reason)")
        gone.append(rows.removeLast())
      }
    }
    contents.checkpoints = rows
    guard let row = rows.last else {
      if let reason = reasons.first {
        throw FluxionError(
          .corruptData,
          "\(reason), and there is no whole checkpoint before it; put a copy of the folder in its place, or begin anew "
            + "in another one")
      }
      guard contents.history.rounds.isEmpty else { throw damagedJournal("it names no checkpoint of its rounds") }
      return noteLostEntries()
    }
    if !gone.isEmpty { try goBack(to: row, gone, reasons.joined(separator: "; ")) }
    guard contents.history.rounds.last?.round == Int(row.round) else {
      throw damagedJournal("its last round is not that of its last checkpoint")
    }
    noteLostEntries()
  }

  private mutating func goBack(
    to row: JournalDatabase.CheckpointRow, _ gone: [JournalDatabase.CheckpointRow], _ reason: String
  ) throws {
    notes.append("\(reason); going on from the checkpoint before it, after round \(row.round)")
    let entry = JournalEntry.wentBack(toRound: Int(row.round), reason: reason)
    let line = JournalDatabase.JournalRow(
      sequence: contents.sequence + 1, created: Date().formatted(Self.dateStyle), kind: entry.kind, round: row.round,
      entry: String(decoding: try JournalEntry.encoder.encode(entry), as: UTF8.self))
    let digest = line.digest(after: contents.digest)
    try disk.before(.commit)
    try database.append([(line, digest)], removing: gone)
    (contents.sequence, contents.digest) = (line.sequence, digest)
    contents.history.add(entry)
  }

  /// A checkpoint is written just before its entries: one of later entries than the next shows that entries are gone.
  /// SQLite leaves out what follows damage in its log without a word.
  private mutating func noteLostEntries() {
    let last = Self.checkpointFiles(in: folder).compactMap(\.sequence).max() ?? 0
    guard last > contents.sequence + 1 else { return }
    notes.append(
      "\(database.url.relativePath)-wal is damaged: the journal ends at entry \(contents.sequence), but there is the "
        + "checkpoint of entry \(last); going on after round \(contents.history.lastRound)")
  }

  /// Removes what an earlier process left half done, or did not come to remove.
  private func clear() throws {
    let kept = Set(contents.checkpoints.map(\.file.name))
    for file in Self.checkpointFiles(in: folder) where !kept.contains(file.url.lastPathComponent) {
      try disk.remove(file.url)
    }
  }

  /// Every file that is called like a checkpoint or an unfinished one.
  private static func checkpointFiles(in folder: URL) -> [(url: URL, sequence: Int64?)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap { name in
      guard name.hasPrefix(CheckpointFile.prefix) else { return nil }
      let rest = name.dropFirst(CheckpointFile.prefix.count)
      guard rest.hasSuffix(CheckpointFile.suffix) || rest.hasSuffix("." + Disk.temporaryExtension) else { return nil }
      return (folder.appending(path: name), Int64(rest.dropLast(CheckpointFile.suffix.count)))
    }
  }
}

// What is said when it cannot be.
extension StoreOpening {
  static let dateStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  private func damagedJournal(_ reason: String) -> FluxionError { Self.damaged(database.url, reason) }

  static func damaged(_ file: URL, _ reason: String) -> FluxionError {
    FluxionError(
      .corruptData,
      "\(file.relativePath) is damaged: \(reason); put a copy of the folder in its place, or begin anew in another one")
  }

  /// An error as it is told, of a database that was being read or written.
  static func failure(_ error: any Error, _ url: URL, opening: Bool = false) -> FluxionError {
    guard let error = error as? DatabaseError else {
      return error as? FluxionError
        ?? FluxionError(.cannotWrite, "\(url.relativePath) takes nothing more; the run stops", cause: error)
    }
    let reason = error.message ?? "SQLite says \(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED: break
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: return damaged(url, reason)
    default: if opening { return damaged(url, reason) }
    }
    return FluxionError(
      .cannotWrite,
      "\(url.relativePath) cannot be written: \(reason); the run stops with the last round on record. See to the disk, "
        + "then start again")
  }
}
