import Foundation
import Testing

@Suite("fluxion simulate --state")
struct StateTests {
  private static let flags = ["simulate", "--parties", "4", "--model", "mlp:16", "--rounds", "6", "--seed", "5"]

  private static func digest(_ directory: Directory, _ name: String) throws -> String {
    try #require(try directory.json(name)["modelSHA256"] as? String)
  }

  @Test("a run that was interrupted goes on, says after which round, and leaves what an undisturbed one leaves")
  func goesOn() async throws {
    let directory = try Directory()
    let flags = Array(Self.flags.dropLast(4)) + ["--seed", "5", "--rounds", "150"]
    #expect(try await Tool.run(flags + ["--quiet", "-o", "whole"], in: directory).status == 0)
    let file = directory.url.appending(path: "state/metrics.csv")
    let first = try await Tool.run(flags + ["--state", "state"], in: directory) { process in
      let identifier = process.processIdentifier
      Thread.detachNewThread {
        // Until two rounds are on file.
        while kill(identifier, 0) == 0 {
          let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").count ?? 0
          if lines > 2 { break }
          Thread.sleep(forTimeInterval: 0.002)
        }
        kill(identifier, SIGINT)
      }
    }
    #expect(first.status == 128 + SIGINT)
    #expect(
      first.errors
        == "fluxion: interrupted; every finished round is in state, and the same command goes on from there\n")
    let rounds = try #require(try directory.json("state/run.json")["rounds"] as? [Any]).count
    #expect(2..<150 ~= rounds)
    let second = try await Tool.run(flags + ["--state", "state"], in: directory)
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output.contains("\nthe run in state goes on after round \(rounds) of 150\n"))
    #expect(try Self.digest(directory, "state/run.json") == Self.digest(directory, "whole/run.json"))
    let record = try directory.json("state/run.json")
    #expect((record["rounds"] as? [[String: Any]])?.compactMap { $0["round"] as? Int } == Array(1...150))
    #expect((record["stop"] as? [String: Any])?["reason"] as? String == "rounds")
    let table = try String(contentsOf: file, encoding: .utf8)
    #expect(table.split(separator: "\n").count == 151)
  }

  @Test("a finished run says so, and writes its outputs again, elsewhere if they are wanted elsewhere")
  func finished() async throws {
    let directory = try Directory()
    let state = Self.flags + ["--state", "state"]
    #expect(try await Tool.run(state, in: directory).status == 0)
    let before = try directory.json("state/run.json")
    for name in ["run.json", "metrics.csv", "report.html", "model.safetensors"] {
      #expect(directory.has("state/\(name)"))
      try FileManager.default.removeItem(at: directory.url.appending(path: "state/\(name)"))
    }
    let same = try await Tool.run(state + ["--threads", "1", "-o", "elsewhere"], in: directory)
    #expect(same.status == 0, "\(same.errors)")
    #expect(same.output.contains("the run in state is finished, after 6 rounds; its outputs are written again\n"))
    #expect(same.output.contains("after 6 rounds\nmodel "))
    let after = try directory.json("elsewhere/run.json")
    #expect(after["modelSHA256"] as? String == before["modelSHA256"] as? String)
    #expect(NSArray(array: after["rounds"] as? [Any] ?? []) == NSArray(array: before["rounds"] as? [Any] ?? [1]))
    #expect(directory.has("elsewhere/report.html") && directory.has("elsewhere/model.safetensors"))
    // What comes after the rounds may be asked for later.
    #expect(try await Tool.run(state + ["--baselines"], in: directory).status == 0)
    #expect(try directory.json("state/run.json")["baselines"] is [String: Any])
    let quiet = try await Tool.run(state + ["--quiet"], in: directory)
    #expect(quiet.output.split(separator: "\n").count == 1)
  }

  @Test("another run, a damaged directory, a file, a full disk: one sentence each, and nothing is taken away")
  func refusals() async throws {
    let directory = try Directory()
    let state = ["--state", "state"]
    #expect(try await Tool.run(Self.flags + state, in: directory).status == 0)
    func refusal(_ arguments: [String], _ sentence: String) async throws {
      let result = try await Tool.run(arguments, in: directory)
      #expect(result.status != 0)
      #expect(result.errors.hasPrefix("fluxion: ") && result.errors.filter { $0 == "\n" }.count == 1)
      #expect(result.errors.contains(sentence), "\(result.errors)")
    }
    try await refusal(
      Self.flags + state + ["--epochs", "2"],
      "state holds a run with epochs 1, and here it is 2; name another folder, or go on as that run began")
    try await refusal(Self.flags + state + ["--partition", "iid"], "holds a run with partition shards:2")
    #expect(directory.has("state/run.json") && directory.has("state/report.html"))
    try await refusal(Self.flags + ["--state", ""], "--state takes a directory")
    try directory.file("file")
    try await refusal(Self.flags + ["--state", "file"], "file cannot be made a folder")
    try await refusal(Self.flags + ["--stat", "x"], "did you mean --state?")
    try directory.file("state/journal.sqlite", text: "nothing that SQLite knows")
    try await refusal(Self.flags + state, "journal.sqlite is damaged: ")
    #expect(directory.has("state/report.html"))

    // Files may grow to 200 blocks of 512 bytes, and the signal that says so is ignored: as on a disk that is full.
    let full = try await Tool.run(
      ["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "bash", Tool.url.path] + Self.flags.dropLast(4)
        + ["--rounds", "1500", "--state", "full"], in: directory, executable: URL(filePath: "/bin/bash"))
    #expect(full.status == 1)
    #expect(
      full.errors.contains("full/") && full.errors.contains("See to the disk, then start again"), "\(full.errors)")
    let record = try directory.json("full/run.json")
    #expect((record["stop"] as? [String: Any])?["errorCode"] as? String == "cannot-write")
  }
}
