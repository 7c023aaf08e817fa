import FluxionCalculus
import FluxionCoordination
import Foundation
import Synchronization
import Testing

@testable import FluxionStore

@Suite("A store whose files are damaged")
struct CorruptionTests {
  /// A folder after three rounds of five, as a process leaves it that ended well.
  private func closed() async throws -> Folder {
    let folder = try Folder()
    _ = try await TinyFederation.run(in: folder, rounds: 3)
    return folder
  }

  /// The same as a process leaves it that was killed: with SQLite's log.
  private func killed() async throws -> Folder {
    let folder = try Folder()
    let store = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
    defer { store.close() }
    _ = try await TinyFederation.run(store, rounds: 3)
    return try folder.copied()
  }

  /// What comes of a run that goes on in a folder: what an undisturbed run comes to, or a sentence.
  private enum End: Equatable {
    case equal(notes: Int)
    case refused(FluxionError.Code)
    case wrong(String)
  }

  private func goOn(in folder: Folder, to expected: TinyFederation.Outcome, naming name: String) async -> End {
    do {
      let store = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
      defer { store.close() }
      let outcome = try await TinyFederation.run(store)
      return outcome == expected ? .equal(notes: store.notes.count) : .wrong("\(outcome)")
    } catch let error as FluxionError {
      let isSentence = error.message.contains(folder.url.lastPathComponent) && error.message.contains(";")
      return isSentence ? .refused(error.code) : .wrong(error.message)
    } catch {
      return .wrong("\(error)")
    }
  }

  /// Where bytes are changed: each of the first hundred, and so many over the rest.
  private func places(in count: Int, over: Int) -> [Int] {
    let start = min(count, 100)
    let step = max(1, (count - start) / over)
    return Array(0..<start) + Array(stride(from: start, to: count, by: step))
  }

  private func lengths(of count: Int) -> [Int] {
    Array(Set([0, 1, 7, 8, 19, 20, 51, 52, 53, 100, 512, 4095, 4096, count / 2, count - 4096, count - 1]))
      .filter { 0 <= $0 && $0 < count }.sorted()
  }

  @Test("goes on from the checkpoint before when the newest is changed anywhere, and says so")
  func newestCheckpoint() async throws {
    let (whole, expected) = (try await closed(), try await TinyFederation.undisturbed())
    let name = try #require(try whole.checkpoints.last)
    let bytes = try whole.bytes(name)
    var damaged = places(in: bytes.count, over: 40).map { index in
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      return changed
    }
    damaged += lengths(of: bytes.count).map { Array(bytes[..<$0]) }
    damaged.append(bytes + [0])
    for bytes in damaged {
      let folder = try whole.copied()
      try folder.write(bytes, name)
      #expect(await goOn(in: folder, to: expected, naming: name) == .equal(notes: 1))
    }
    let folder = try whole.copied()
    try FileManager.default.removeItem(at: folder.url.appending(path: name))
    let store = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
    #expect(store.notes.count == 1)
    #expect(store.notes.first?.hasSuffix("going on from the checkpoint before it, after round 2") == true)
    #expect(store.notes.first?.contains("\(name) is damaged: it is not there") == true)
    #expect(store.history().rounds.map(\.round) == [1, 2])
    store.close()
    // The damage is on record, and not news any more.
    let again = try SQLiteStore(at: folder.url, of: TinyFederation.identity)
    #expect(again.notes == [])
    #expect(again.history().rounds.map(\.round) == [1, 2])
    #expect(try await TinyFederation.run(again) == expected)
  }

  @Test("goes on undisturbed when the older checkpoint is damaged, and refuses with a sentence when both are")
  func olderCheckpoint() async throws {
    let (whole, expected) = (try await closed(), try await TinyFederation.undisturbed())
    let names = try whole.checkpoints
    #expect(names.count == 2)
    let folder = try whole.copied()
    try folder.write([], names[0])
    #expect(await goOn(in: folder, to: expected, naming: names[0]) == .equal(notes: 0))
    let both = try whole.copied()
    for name in names {
      var bytes = try both.bytes(name)
      bytes[60] ^= 1
      try both.write(bytes, name)
    }
    let error = #expect(throws: FluxionError.self) { try SQLiteStore(at: both.url, of: TinyFederation.identity) }
    #expect(error?.code == .corruptData)
    #expect(error?.message.contains("its bytes are not those that were written") == true)
    #expect(error?.message.contains("there is no whole checkpoint before it; put a copy") == true)
  }

  @Test("never goes wrong over a changed or cut journal: the same run, or a sentence", arguments: [false, true])
  func journal(isKilled: Bool) async throws {
    let whole = isKilled ? try await killed() : try await closed()
    let expected = try await TinyFederation.undisturbed()
    var ends: [String: Int] = [:]
    for name in try whole.files() where name.hasPrefix("journal") {
      let bytes = try whole.bytes(name)
      var damaged = places(in: bytes.count, over: name.hasSuffix("-shm") ? 20 : 150).map { index in
        var changed = bytes
        changed[index] ^= 1 << UInt8(index % 8)
        return ("byte \(index)", changed)
      }
      damaged += lengths(of: bytes.count).map { ("\($0) bytes", Array(bytes[..<$0])) }
      for (what, bytes) in damaged {
        let folder = try whole.copied()
        try folder.write(bytes, name)
        let end = await goOn(in: folder, to: expected, naming: name)
        if case .wrong(let why) = end { Issue.record("\(name), \(what): \(why)") }
        if case .refused(let code) = end { #expect([.corruptData, .unsupported, .cannotWrite].contains(code)) }
        ends["\(name) \(end)", default: 0] += 1
      }
    }
    print(ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n"))
    if !isKilled { #expect(ends["journal.sqlite \(End.refused(.corruptData))", default: 0] > 50) }
  }

  @Test("notices every changed value in the tables")
  func rows() async throws {
    let whole = try await closed()
    let bytes = try whole.bytes("journal.sqlite")
    // Texts that stand in rows, each with a letter of its own changed.
    for text in ["roundRecorded", "\"trainLoss\"", "\"rounds\",\"value\":\"5\"", "checkpoint-000", "runStarted"] {
      let start = try #require(bytes.firstRange(of: Array(text.utf8))?.lowerBound)
      let folder = try whole.copied()
      var changed = bytes
      changed[start + text.utf8.count - 1] ^= 1
      try folder.write(changed, "journal.sqlite")
      let error = #expect(throws: FluxionError.self) { try SQLiteStore(at: folder.url, of: TinyFederation.identity) }
      #expect(error?.code == .corruptData, "\(text)")
      #expect(error?.message.contains("journal.sqlite is damaged: ") == true)
    }
  }

  @Test("notices an entry of another run of the same settings, though it is whole in itself")
  func foreignEntry() async throws {
    let (own, other) = (try await closed(), try await closed())
    func database(_ folder: Folder) throws -> JournalDatabase {
      try JournalDatabase(at: folder.url.appending(path: JournalDatabase.fileName))
    }
    func entries(_ folder: Folder) throws -> [(row: JournalDatabase.JournalRow, digest: [UInt8])] {
      var entries: [(row: JournalDatabase.JournalRow, digest: [UInt8])] = []
      let journal = try database(folder)
      try journal.readJournal { if let entry = $0 { entries.append(entry) } }
      journal.close()
      return entries
    }
    let (rows, foreign) = (try entries(own), try entries(other))
    #expect(rows.map(\.row.kind) == foreign.map(\.row.kind))
    for exchanged in [nil, 0, 6, rows.count - 1] {
      let folder = try own.copied()
      let original = try database(own)
      let (run, checkpoints) = (try #require(try original.run()).run, try #require(try original.checkpoints()))
      original.close()
      try FileManager.default.removeItem(at: folder.url.appending(path: JournalDatabase.fileName))
      let journal = try database(folder)
      try journal.create(run)
      for position in rows.indices {
        let (row, digest) = position == exchanged ? foreign[position] : rows[position]
        try journal.append([(row, digest)], adding: checkpoints.first { $0.row.sequence == row.sequence }?.row)
      }
      journal.close()
      let end = await goOn(in: folder, to: try await TinyFederation.undisturbed(), naming: "journal.sqlite")
      #expect(end == (exchanged == nil ? .equal(notes: 0) : .refused(.corruptData)), "entry \(exchanged ?? -1)")
    }
  }

  @Test("does not begin anew where the journal of a run is gone")
  func goneJournal() async throws {
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
      let folder = try await killed()
      try FileManager.default.removeItem(at: folder.url.appending(path: name))
      let end = await goOn(in: folder, to: try await TinyFederation.undisturbed(), naming: name)
      #expect(end == .refused(.corruptData), "\(name)")
    }
  }

  @Test("goes on from what is left when the end of SQLite's log is cut off, and says so if rounds are lost")
  func cutLog() async throws {
    let (whole, expected) = (try await killed(), try await TinyFederation.undisturbed())
    let bytes = try whole.bytes("journal.sqlite-wal")
    var ends: [End] = []
    for length in stride(from: bytes.count - 1, to: 0, by: -4000) {
      let folder = try whole.copied()
      try folder.write(Array(bytes[..<length]), "journal.sqlite-wal")
      ends.append(await goOn(in: folder, to: expected, naming: "journal.sqlite-wal"))
    }
    #expect(ends.first == .equal(notes: 0))
    #expect(ends.contains(.equal(notes: 1)))
    #expect(ends.last == .refused(.corruptData))
  }
}
