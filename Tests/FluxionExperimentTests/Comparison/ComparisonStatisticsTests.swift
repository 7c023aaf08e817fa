import Foundation
import Testing

@testable import FluxionExperiment

@Suite("Statistics over seeds")
struct ComparisonStatisticsTests {
  @Test("a spread is the mean, the extremes and the deviation of a sample")
  func spread() throws {
    let spread = try #require(Spread([2, 4, 9]))
    #expect(spread.mean == 5 && spread.lowest == 2 && spread.highest == 9 && spread.count == 3)
    #expect(abs((spread.standardDeviation ?? 0) - 13.0.squareRoot()) < 1e-12)
    #expect(Spread([0.1, 0.1, 0.1])?.mean == 0.1)
    #expect(Spread([7])?.standardDeviation == nil)
    #expect(Spread([.nan, 3])?.mean == 3)
    #expect(Spread([]) == nil && Spread([.infinity]) == nil)
  }

  private static func seed(_ points: [(x: Double, y: Double)], isDiverged: Bool = false) -> MeanCurve.Seed {
    MeanCurve.Seed(points: points, isDiverged: isDiverged)
  }

  @Test("a mean curve has the mean and the extremes of all seeds at a place")
  func mean() {
    let curve = MeanCurve([Self.seed([(1, 0), (2, 4)]), Self.seed([(1, 2), (2, 6)])], at: [1, 1.5, 2])
    #expect(curve.points.map(\.x) == [1, 1.5, 2])
    #expect(curve.points.map(\.y) == [1, 3, 5])
    #expect(curve.ranges.map(\.low) == [0, 2, 4] && curve.ranges.map(\.high) == [2, 4, 6])
  }

  @Test("a seed that ended keeps its last value, and one that begins later begins the mean")
  func ends() {
    let seeds = [Self.seed([(1, 1), (2, 3)]), Self.seed([(2, 1), (4, 5)])]
    let curve = MeanCurve(seeds, at: [0, 1, 2, 3, 4, 5])
    #expect(curve.points.map(\.x) == [2, 3, 4])
    #expect(curve.points.map(\.y) == [2, 3, 4])
  }

  @Test("the mean ends where a seed diverges")
  func divergence() {
    let seeds = [Self.seed([(1, 1), (2, 3)], isDiverged: true), Self.seed([(1, 1), (2, 1), (3, 1)])]
    #expect(MeanCurve(seeds, at: [1, 2, 3]).points.map(\.x) == [1, 2])
    #expect(MeanCurve([Self.seed([], isDiverged: true), seeds[1]], at: [1, 2, 3]).points.isEmpty)
    #expect(MeanCurve([], at: [1]).points.isEmpty)
  }

  @Test("what it takes to the target is the mean over the seeds that reach it, and says how many do")
  func target() throws {
    var record = Comparisons.sample()
    record.targetAccuracy = 0.8
    let fast = record.statistics(of: record.variants[0])
    #expect(fast.reached == 3 && fast.runs == 3)
    #expect(fast.roundsToTarget?.mean == 4 && fast.roundsToTarget?.lowest == 3 && fast.roundsToTarget?.highest == 5)
    #expect(fast.bytesToTarget?.mean == 400 && fast.secondsToTarget?.mean == 2)
    let slow = record.statistics(of: record.variants[1])
    #expect(slow.reached == 1 && slow.runs == 3 && slow.roundsToTarget?.mean == 6)
    let diverging = record.statistics(of: record.variants[2])
    #expect(diverging.reached == 0 && diverging.roundsToTarget == nil)
    #expect(diverging.accuracy?.count == 2, "the run that diverged is left out")
    record.targetAccuracy = nil
    #expect(record.statistics(of: record.variants[0]).roundsToTarget == nil)
  }

  @Test("the record says which runs diverged and where, and is read back from compare.json")
  func record() throws {
    let record = Comparisons.sample()
    #expect(record.diverged == ["\"rates: high\" with seed 2 in round 3"])
    #expect(record.progress.done == 9 && record.progress.of == 9)
    let read = try JSONDecoder().decode(ComparisonRecord.self, from: Data(record.json.text().utf8))
    #expect(read == record)
    #expect(record.json["variants"] != nil)
  }
}

/// A comparison as it could have been.
enum Comparisons {
  static func sample() -> ComparisonRecord {
    ComparisonRecord(
      environment: .init(fluxionVersion: "0.1.0", swiftVersion: "6.3", platform: "Linux, x86-64"), name: "Three rates",
      command: "fluxion compare rates.yaml", seeds: [1, 2, 3], parties: 10, targetAccuracy: 0.8,
      settings: ["data": "digits", "model": "cnn"],
      variants: [
        variant("well set", rate: 0.05, reaching: [3, 4, 5]), variant("low", rate: 0.005, reaching: [6, 90, 90]),
        variant("high", rate: 0.5, reaching: [90, 90, 90], group: "rates", divergedSeed: 2),
      ])
  }

  static func variant(
    _ name: String, rate: Double, reaching: [Int], group: String? = nil, divergedSeed: UInt64? = nil
  ) -> ComparisonRecord.Variant {
    let runs = zip([1, 2, 3] as [UInt64], reaching).map { seed, target in
      let isDiverged = seed == divergedSeed
      return ComparisonRecord.Run(
        seed: seed, directory: "runs/\(name)/seed-\(seed)",
        stop: isDiverged
          ? .init(.error, message: "training diverged in round 3", errorCode: "diverged") : .init(.rounds),
        modelSHA256: "9f86d081884c7d659a2f",
        rounds: (1...(isDiverged ? 2 : 8)).map { round in
          let accuracy = min(0.97, 0.8 * Double(round) / Double(target))
          return .init(
            round: round, accuracy: accuracy, loss: 2 - 2 * accuracy, bytes: 100 * round, seconds: 0.5 * Double(round))
        })
    }
    return .init(
      name: name, group: group, settings: ["learningRate": .number(rate)], parameters: 1234, trainingSamples: 1438,
      hasSameParties: true, runs: runs)
  }
}
