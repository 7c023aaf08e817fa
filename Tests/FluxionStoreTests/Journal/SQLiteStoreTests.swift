import FluxionCalculus
import FluxionCoordination
import FluxionLearning
import Foundation
import Synchronization
import Testing

@testable import FluxionFederation
@testable import FluxionStore

@Suite("A store in a folder")
struct SQLiteStoreTests {
  private func open(_ folder: Folder, _ identity: RunIdentity = TinyFederation.identity) throws -> SQLiteStore {
    try SQLiteStore(at: folder.url, of: identity)
  }

  private func refusal(_ folder: Folder, _ identity: RunIdentity = TinyFederation.identity) -> FluxionError? {
    #expect(throws: FluxionError.self) { try open(folder, identity) }
  }

  @Test("goes on to the same bits when the process dies at any instant at which the disk changes")
  func dying() async throws {
    let expected = try await TinyFederation.undisturbed()
    let folder = try Folder()
    let snapshots = Mutex<[(Disk.Step, Folder)]>([])
    // What lies on the disk at an instant is what a process that is killed there leaves.
    let disk = Disk { step in
      let copy = try folder.copied()
      snapshots.withLock { $0.append((step, copy)) }
    }
    #expect(try await TinyFederation.run(in: folder, disk: disk) == expected)
    let instants = snapshots.withLock { $0 }
    #expect(Set(instants.map(\.0)) == Set(Disk.Step.allCases))
    #expect(instants.count > 30)
    for (number, (step, copy)) in instants.enumerated() {
      let store = try open(copy)
      #expect(store.notes == [], "instant \(number), before \(step)")
      #expect(try await TinyFederation.run(store) == expected, "instant \(number), before \(step)")
      store.close()
      #expect(try copy.files().filter { $0.contains("temporary") } == [])
      #expect(try copy.checkpoints.count == 2)
    }
  }

  @Test("takes nothing more after an error of the disk, and goes on from the last record when it is started again")
  func diskError() async throws {
    let expected = try await TinyFederation.undisturbed()
    for step in Disk.Step.allCases where step != .remove {
      // The log is folded once in so short a run.
      for occurrence in step == .foldLog ? [1] : [3, 5] {
        let folder = try Folder()
        let steps = Mutex<[Disk.Step]>([])
        let disk = Disk { now in
          let count = steps.withLock { steps in
            steps.append(now)
            return steps.count { $0 == step }
          }
          if now == step, count >= occurrence { throw FluxionError(.cannotWrite, "the disk is broken") }
        }
        let store = try SQLiteStore(at: folder.url, of: TinyFederation.identity, disk: disk)
        let coordinator = try TinyFederation.coordinator(store)
        let error = await #expect(throws: FluxionError.self) {
          while try await coordinator.nextRound() != nil {}
        }
        #expect(error?.message == "the disk is broken")
        let taken = steps.withLock { $0.count }
        let values = await coordinator.parameters.values
        #expect(throws: FluxionError.self) { try store.append(.roundMissed(round: 9)) }
        let again = await #expect(throws: FluxionError.self) { try await coordinator.nextRound() }
        #expect(again?.code == .cannotWrite)
        #expect(steps.withLock { $0.count } == taken, "nothing is tried after \(step)")
        // The coordinator has the parameters of the last round on record.
        let checkpoint = try store.checkpoint(of: FederatedAveraging.State.self)
        #expect((checkpoint?.parameters.values ?? [0, 0, 0]) == values)
        store.close()
        #expect(try await TinyFederation.run(in: folder) == expected)
      }
    }
  }

  @Test("is synchronised with the disk at every commit, in the version that the tables say")
  func pragmas() throws {
    let folder = try Folder()
    let store = try open(folder)
    #expect(try store.synchronousMode == 2)
    #expect(FileManager.default.fileExists(atPath: folder.url.appending(path: "journal.sqlite-wal").path))
    store.close()
    // user_version stands at byte 60 of the file.
    #expect(try folder.bytes("journal.sqlite")[60..<64] == [0, 0, 0, 1])
  }

  @Test("makes the folders that are missing, each synchronised with the one above")
  func newFolders() throws {
    let folder = try Folder()
    func synchronizations(_ path: String) throws -> Int {
      let count = Mutex(0)
      let disk = Disk { step in count.withLock { $0 += step == .synchronizeFolder ? 1 : 0 } }
      try SQLiteStore(at: folder.url.appending(path: path), of: TinyFederation.identity, disk: disk).close()
      return count.withLock { $0 }
    }
    try FileManager.default.createDirectory(at: folder.url.appending(path: "a"), withIntermediateDirectories: true)
    let there = try synchronizations("a")
    #expect(try synchronizations("b/c/d") == there + 3)
  }

  @Test("belongs to one process at a time")
  func lock() async throws {
    let folder = try Folder()
    let first = try open(folder)
    let error = refusal(folder)
    #expect(error?.code == .inUse)
    #expect(error?.message.contains("in use by process \(ProcessInfo.processInfo.processIdentifier)") == true)
    // Who was refused has changed nothing.
    try first.append(.runStarted(algorithm: "fedavg", clients: 2, parameterCount: 3))
    first.close()
    #expect(try open(folder).history().hasBegun)
    #expect(throws: FluxionError.self) { try first.append(.roundMissed(round: 1)) }
  }

  @Test("refuses a folder that holds another run, with what differs")
  func otherRun() async throws {
    let folder = try Folder()
    _ = try await TinyFederation.run(in: folder, rounds: 2)
    let before = try folder.bytes("journal.sqlite")
    let rows: [(RunIdentity, String)] = [
      (RunIdentity([("rounds", "6"), ("seed", "7")]), "rounds 5, and here it is 6"),
      (RunIdentity([("rounds", "5"), ("seed", "8")]), "seed 7, and here it is 8"),
      (RunIdentity([("rounds", "5")]), "seed 7, and here it is none"),
      (RunIdentity([("rounds", "5"), ("seed", "7"), ("tune", "momentum")]), "tune none, and here it is momentum"),
    ]
    for (identity, sentence) in rows {
      let error = refusal(folder, identity)
      #expect(error?.code == .invalidConfiguration)
      #expect(error?.message.contains("holds a run with \(sentence); name another folder") == true)
    }
    #expect(try folder.bytes("journal.sqlite") == before)
    #expect(try await TinyFederation.run(in: folder) == TinyFederation.undisturbed())
  }

  @Test("refuses a folder that cannot be one, a later version and a database of something else")
  func unusable() throws {
    let folder = try Folder()
    try folder.write([1, 2, 3], "file")
    let noFolder = #expect(throws: FluxionError.self) {
      try SQLiteStore(at: folder.url.appending(path: "file"), of: TinyFederation.identity)
    }
    #expect(noFolder?.code == .cannotWrite)
    try open(folder).close()
    var bytes = try folder.bytes("journal.sqlite")
    bytes[63] = 2
    try folder.write(bytes, "journal.sqlite")
    let later = refusal(folder)
    #expect(later?.code == .unsupported)
    #expect(later?.message.contains("has version 2, and this build reads version 1") == true)
    bytes[63] = 1
    bytes[71] ^= 1
    try folder.write(bytes, "journal.sqlite")
    #expect(refusal(folder)?.message.contains("it is a database of something else") == true)
    try folder.write(Array("no database at all, but a text that is long enough to look at".utf8), "journal.sqlite")
    #expect(refusal(folder)?.code == .corruptData)
  }

  @Test("writes and reads the parameters and moments of a large model in a moment")
  func large() async throws {
    let folder = try Folder()
    let store = try open(folder)
    let values = (0..<1_663_370).map { Float($0) * 1e-7 }
    let parameters = try Parameters(layout: ParameterLayout([("w", [values.count])]), values: values)
    let state = FederatedAveraging.State(server: ServerStep.State(tensors: [values, values.reversed()]))
    var progress = RoundStateMachine.Progress()
    progress.round = 1
    let checkpoint = Checkpoint(progress: progress, parameters: parameters, state: state)
    let clock = ContinuousClock()
    let record = RoundRecord(round: 1, trainLoss: 0, seconds: 0, bytesUp: 0, bytesDown: 0)
    let write = try clock.measure { try store.record(record, saving: checkpoint) }
    var found: Checkpoint<FederatedAveraging.State>?
    let read = try clock.measure { found = try store.checkpoint(of: FederatedAveraging.State.self) }
    #expect(found?.parameters == parameters)
    #expect(found?.state == state)
    let size = try folder.bytes(folder.checkpoints[0]).count
    #expect(size < 3 * 4 * values.count + 1000)
    print("a checkpoint of \(size) bytes: written in \(write), read in \(read)")
  }
}
