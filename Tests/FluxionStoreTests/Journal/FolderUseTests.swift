import FluxionCalculus
import FluxionCoordination
@testable import FluxionStore
import Foundation
import Testing

@Suite("Who uses a folder, and what it says of itself")
struct FolderUseTests {
  @Test("a folder is of the process that has its lock, and free before and after, whatever the file says")
  func use() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-use-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(FolderUse(of: folder) == .free)
    let identity = RunIdentity([("seed", "7")])
    var store: SQLiteStore? = try SQLiteStore(at: folder, of: identity)
    #expect(FolderUse(of: folder) == .process(getpid()))
    #expect(try StoreFacts(of: folder)?.rounds == 0)
    store?.close()
    store = nil
    #expect(try String(contentsOf: folder.appending(path: "lock"), encoding: .utf8) == "\(getpid())\n")
    #expect(FolderUse(of: folder) == .free)
    // Another that lives, and has no lock of this folder.
    try Data("1\n".utf8).write(to: folder.appending(path: "lock"))
    #expect(FolderUse(of: folder) == .free)
  }

  @Test("who only looks keeps nobody from using a folder")
  func looking() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-use-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    for seed in 0..<20 {
      #expect(FolderUse(of: folder) == .free)
      let store = try SQLiteStore(at: folder, of: RunIdentity([("seed", "\(seed)")]))
      #expect(FolderUse(of: folder) == .process(getpid()))
      store.close()
      try FileManager.default.removeItem(at: folder)
    }
  }

  @Test("facts of a journal are told while it is in use, and a file that is no journal is refused with a sentence")
  func facts() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-use-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try StoreFacts(of: folder) == nil)
    let store = try SQLiteStore(at: folder, of: RunIdentity([("seed", "7")]))
    func facts() throws -> StoreFacts { try #require(try StoreFacts(of: folder)) }
    #expect(try facts() == StoreFacts(version: 1, rounds: 0, isFinished: false, checkpointByteCount: 0))
    try store.append(.runStarted(algorithm: "fedavg", clients: 2, parameterCount: 5))
    try store.append(.roundRecorded(RoundRecord(round: 4, trainLoss: 1, seconds: 1, bytesUp: 1, bytesDown: 1)))
    try store.append(.runFinished(.requested))
    #expect(try facts() == StoreFacts(version: 1, rounds: 4, isFinished: false, checkpointByteCount: 0))
    try store.append(.runFinished(.completed))
    #expect(try facts().isFinished)
    try store.append(.wentBack(toRound: 2, reason: "damage"))
    #expect(try facts() == StoreFacts(version: 1, rounds: 2, isFinished: false, checkpointByteCount: 0))
    store.close()
    #expect(try facts().rounds == 2)
    let file = folder.appending(path: "journal.sqlite")
    for name in ["journal.sqlite-wal", "journal.sqlite-shm"] {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
    try Data(repeating: 0x41, count: 5000).write(to: file)
    #expect(throws: FluxionError.self) { try StoreFacts(of: folder) }
  }
}
