import Fluxion
import FluxionCalculus
import Foundation
import Synchronization
import Testing

/// Kills the tool at instants drawn from a seed. `FLUXION_KILLS=200` for more than the few of every test run, as
/// `make kills` does.
@Suite("A run that is killed", .serialized)
struct KillTests {
  private static let kills = ProcessInfo.processInfo.environment["FLUXION_KILLS"].flatMap { Int($0) } ?? 8
  private static let rounds = 40
  private static let flags = [
    "simulate", "--model", "mlp:16", "--rounds", "\(rounds)", "--batch-size", "16", "--epochs", "2",
    "--evaluate-every", "3", "--threads", "2",
  ]

  /// What checkpoints have to keep is different in each.
  static let variants = [
    ["--parties", "4", "--optimizer", "nesterov", "--tune", "learning-rate", "--tune-mode", "per-party"],
    ["--parties", "12", "--algorithm", "fedbuff", "--cohort", "8", "--buffer-size", "3", "--devices", "uneven:1"],
  ]

  /// What must be the same in any two runs: all but the clock and the command.
  private static func timeless(_ record: [String: Any]) -> [String: String] {
    var record = record
    for name in ["command", "timing", "environment"] { record[name] = nil }
    var configuration = record["configuration"] as? [String: Any]
    configuration?["output"] = nil
    record["configuration"] = configuration
    record["rounds"] = (record["rounds"] as? [[String: Any]])?.map { round in
      var round = round
      for name in ["seconds", "evaluationSeconds"] { round[name] = nil }
      round["parties"] = (round["parties"] as? [[String: Any]])?.map { $0.filter { $0.key != "seconds" } }
      return round
    }
    return record.mapValues { value in
      let data = try? JSONSerialization.data(withJSONObject: [value], options: .sortedKeys)
      return data.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
    }
  }

  /// What the lines of a metrics file say but for seconds.
  private static func metrics(_ directory: Directory, _ name: String) throws -> [[Substring]] {
    try String(contentsOf: directory.url.appending(path: name), encoding: .utf8).split(separator: "\n").map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      return Array(fields[..<4]) + Array(fields[6...])
    }
  }

  @Test("ends with the bits and records of an undisturbed one, however often it is killed", arguments: variants)
  func killed(variant: [String]) async throws {
    let directory = try Directory()
    let (flags, kills) = (Self.flags + variant, Self.kills / Self.variants.count)
    let clock = ContinuousClock()
    let start = clock.now
    let whole = try await Tool.run(flags + ["--output", "whole", "--state", "whole-state"], in: directory)
    var seconds = (clock.now - start) / .seconds(1)
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = Self.timeless(try directory.json("whole/run.json"))
    #expect(try directory.json("whole/run.json")["modelSHA256"] as? String != nil)

    var (killed, runs, starts) = (0, 0, 0)
    let key = RandomKey(seed: 7).folding("kills")
    var attempt = 0
    while killed < kills {
      runs += 1
      let state = "state-\(runs)"
      while true {
        attempt += 1
        starts += 1
        // From before the first byte is read to some time after the end of what is left.
        var generator = key.folding("instant", attempt).generator()
        let delay = generator.nextUniformDouble() * seconds * 0.6
        let (begin, isFirst) = (clock.now, !directory.has(state))
        let result = try await Tool.run(
          flags + ["--state", state], in: directory, timeoutSeconds: killed < kills ? delay : 120)
        if result.isTimedOut, result.status == SIGKILL {
          killed += 1
          continue
        }
        #expect(result.status == 0, "\(result.errors)")
        // Other tests that run at the same time may have made the first one slow.
        if isFirst { seconds = min(seconds, (clock.now - begin) / .seconds(1)) }
        break
      }
      #expect(Self.timeless(try directory.json("\(state)/run.json")) == expected, "\(state)")
      #expect(try Self.metrics(directory, "\(state)/metrics.csv") == Self.metrics(directory, "whole/metrics.csv"))
      #expect(directory.has("\(state)/report.html"))
      #expect(directory.has("\(state)/model.safetensors"))
    }
    print(
      "\(killed) kills in \(runs) runs of \(Self.rounds) rounds, \(starts) starts; an undisturbed run takes \(seconds) s"
    )
  }
}
