import FluxionCalculus
import FluxionCoordination
import Foundation
import Synchronization
import Testing

@testable import FluxionExperiment

@Suite("The directory of a run")
struct RunDirectoryTests {
  /// A clock that the test moves.
  final class Clock: Sendable {
    private let time = Mutex(Duration.zero)
    func advance(_ duration: Duration) { time.withLock { $0 += duration } }
    var now: Duration { time.withLock { $0 } }
  }

  let url = URL(filePath: NSTemporaryDirectory()).appending(path: "fluxion-run-\(UUID().uuidString)")
  let whole = Samples.digits(parties: 3, rounds: 4)

  private func begun() -> RunRecord {
    var record = whole
    record.rounds = []
    record.stop = nil
    record.modelSHA256 = nil
    return record
  }

  private func read() throws -> RunRecord {
    try RunRecord(decoding: Data(contentsOf: url.appending(path: "run.json")))
  }

  private func metrics() throws -> [String] {
    try String(contentsOf: url.appending(path: "metrics.csv"), encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test("holds after the last round what the record says")
  func wholeRun() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    let directory = try RunDirectory(at: url.appending(path: "a/b"), record: begun())
    #expect(directory.record.stop == nil)
    for round in whole.rounds { try directory.append(round) }
    directory.record.stop = .init(.rounds)
    directory.record.modelSHA256 = whole.modelSHA256
    try directory.write(Data([1, 2, 3]), as: "model.safetensors")
    try directory.finish()
    let text = try String(contentsOf: url.appending(path: "a/b/run.json"), encoding: .utf8)
    #expect(text == whole.json.text() + "\n")
    #expect(try Data(contentsOf: url.appending(path: "a/b/model.safetensors")) == Data([1, 2, 3]))
    let names = try FileManager.default.contentsOfDirectory(atPath: url.appending(path: "a/b").path)
    #expect(names.sorted() == ["metrics.csv", "model.safetensors", "run.json"])
  }

  @Test("has a whole run.json and metrics.csv before the first round")
  func empty() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    _ = try RunDirectory(at: url, record: begun())
    #expect(try read() == begun())
    #expect(try metrics() == [RoundRecord.csvHeader])
  }

  @Test("has every round in metrics.csv at once, and in run.json at most a second later")
  func aborted() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    let clock = Clock()
    let directory = try RunDirectory(at: url, record: begun(), now: { clock.now })
    try directory.append(whole.rounds[0])
    #expect(try metrics().count == 2)
    #expect(try read().rounds.isEmpty)
    clock.advance(.milliseconds(1100))
    try directory.append(whole.rounds[1])
    #expect(try read().rounds == Array(whole.rounds[..<2]))
    try directory.append(whole.rounds[2])
    #expect(try metrics() == [RoundRecord.csvHeader] + whole.rounds[..<3].map(\.csvLine))
    #expect(try read().rounds.count == 2)
    directory.record.stop = .init(.interrupted)
    try directory.finish()
    #expect(try read().rounds.count == 3)
    #expect(try read().stop?.reason == .interrupted)
  }

  @Test("does not keep an earlier run's results beside a new one's, and leaves other files alone")
  func stale() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    let first = try RunDirectory(at: url, record: begun())
    for name in ["report.html", "model.safetensors", "notes.txt"] { try first.write(Data("old".utf8), as: name) }
    try first.append(whole.rounds[0])
    _ = try RunDirectory(at: url, record: begun())
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() == [
        "metrics.csv", "notes.txt", "run.json",
      ])
    #expect(try metrics().count == 1)
  }

  @Test("that cannot be is refused in one sentence before any training")
  func unwritable() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    try Data().write(to: url)
    for path in [url, url.appending(path: "below"), URL(filePath: "/dev/null/out"), URL(filePath: "/proc/out")] {
      #expect {
        try RunDirectory(at: path, record: begun())
      } throws: { error in
        guard let error = error as? FluxionError else { return false }
        return error.code == .cannotWrite && error.message.contains(path.path)
      }
    }
  }
}
