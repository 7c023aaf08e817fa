import FluxionCalculus
import FluxionCoordination

/// What a comparison leaves behind: every run of every variant, from which the page and its statistics are made. It
/// stands in `compare.json`.
///
/// ```swift
/// let data = try Data(contentsOf: directory.appending(path: "compare.json"))
/// let record = try JSONDecoder().decode(ComparisonRecord.self, from: data)
/// for variant in record.variants { print(variant.name, record.statistics(of: variant).accuracy?.mean ?? 0) }
/// ```
public struct ComparisonRecord: Codable, Sendable, Equatable {
  /// The version of the layout of `compare.json` that this build writes.
  public static let currentFormat = 1

  public var formatVersion = ComparisonRecord.currentFormat
  public var environment: RunRecord.Environment
  public var name: String
  /// The command line that makes the same comparison.
  public var command: String?
  public var seeds: [UInt64]
  /// How many parties there are, the same ones for every variant of a seed.
  public var parties: Int
  /// The accuracy that the variants are to reach; nil without one.
  public var targetAccuracy: Double?
  /// The settings that all variants share, with the names of `experiment.yaml`.
  public var settings: JSONValue
  public var variants: [Variant]

  /// A variant and its runs, as far as they are done.
  public struct Variant: Codable, Sendable, Equatable {
    public var name: String
    public var group: String?
    /// The settings that not all variants share.
    public var settings: JSONValue
    /// The number of the model's parameters.
    public var parameters: Int
    /// Samples that the parties train on, all together.
    public var trainingSamples: Int
    /// Whether, for every seed so far, each party trains on the very samples that it does in the first variant.
    public var hasSameParties: Bool
    /// In the order of the seeds.
    public var runs: [Run]
  }

  /// One run.
  public struct Run: Codable, Sendable, Equatable {
    public var seed: UInt64
    /// Where its `run.json` is, below the directory of the comparison.
    public var directory: String
    public var stop: RunRecord.Stop?
    public var modelSHA256: String?
    public var rounds: [Point]
  }

  /// A round, with what all rounds up to it took together.
  public struct Point: Codable, Sendable, Equatable {
    public var round: Int
    public var accuracy: Double?
    public var loss: Double?
    /// Both ways, since the beginning.
    public var bytes: Int
    /// Of the clients' work and the aggregation, without evaluation, since the beginning.
    public var seconds: Double
  }
}

extension ComparisonRecord.Run {
  init(_ record: RunRecord, directory: String) {
    var (bytes, seconds) = (0, 0.0)
    let rounds = record.rounds.map { round -> ComparisonRecord.Point in
      bytes += round.bytesUp + round.bytesDown
      seconds += round.seconds.isFinite ? round.seconds : 0
      return .init(
        round: round.round, accuracy: round.testAccuracy.flatMap { $0.isFinite ? $0 : nil },
        loss: round.testLoss.flatMap { $0.isFinite ? $0 : nil }, bytes: bytes, seconds: seconds)
    }
    self.init(
      seed: record.seed, directory: directory, stop: record.stop, modelSHA256: record.modelSHA256, rounds: rounds)
  }

  public var isDiverged: Bool { stop?.errorCode == FluxionError.Code.diverged.description }

  /// The round that a run that diverged did not finish.
  var divergedRound: Int? { isDiverged ? (rounds.last?.round ?? 0) + 1 : nil }

  /// The first round whose evaluation reached an accuracy.
  func first(reaching accuracy: Double) -> ComparisonRecord.Point? {
    rounds.first { ($0.accuracy ?? -1) >= accuracy }
  }

  /// The last round that was evaluated.
  var last: ComparisonRecord.Point? { rounds.last { $0.accuracy != nil || $0.loss != nil } }
}

extension ComparisonRecord {
  /// What the runs of a variant come to, over its seeds.
  public struct Statistics: Sendable, Equatable {
    /// At the end, of the runs that did not diverge.
    public var accuracy: Spread?
    public var loss: Spread?
    /// Of the runs that reached the target accuracy: what it took.
    public var roundsToTarget: Spread?
    public var bytesToTarget: Spread?
    public var secondsToTarget: Spread?
    /// Of the runs that are done, how many reached it.
    public var reached: Int
    /// Runs that are done.
    public var runs: Int
    /// Of a round, over all rounds of all runs.
    public var secondsARound: Double?
  }

  public func statistics(of variant: Variant) -> Statistics {
    let whole = variant.runs.filter { !$0.isDiverged }
    let reached = targetAccuracy.map { target in variant.runs.compactMap { $0.first(reaching: target) } } ?? []
    let rounds = variant.runs.reduce(0) { $0 + $1.rounds.count }
    let seconds = variant.runs.reduce(0) { $0 + ($1.rounds.last?.seconds ?? 0) }
    return Statistics(
      accuracy: Spread(whole.compactMap(\.last?.accuracy)), loss: Spread(whole.compactMap(\.last?.loss)),
      roundsToTarget: Spread(reached.map { Double($0.round) }), bytesToTarget: Spread(reached.map { Double($0.bytes) }),
      secondsToTarget: Spread(reached.map(\.seconds)), reached: reached.count, runs: variant.runs.count,
      secondsARound: rounds > 0 ? seconds / Double(rounds) : nil)
  }

  /// How many runs are done, and how many there are to be.
  public var progress: (done: Int, of: Int) {
    (variants.reduce(0) { $0 + $1.runs.count }, variants.count * seeds.count)
  }

  /// The runs that diverged, in words: `"slow" with seed 2 in round 3`.
  public var diverged: [String] {
    variants.flatMap { variant in
      variant.runs.compactMap { run in
        run.divergedRound.map { "\"\(variant.title)\" with seed \(run.seed) in round \($0)" }
      }
    }
  }

  /// The groups in the order of the variants, each with its variants; one without a name where there are none.
  var groups: [(name: String?, variants: [Variant])] {
    var groups: [(name: String?, variants: [Variant])] = []
    for variant in variants {
      if let index = groups.firstIndex(where: { $0.name == variant.group }) {
        groups[index].variants.append(variant)
      } else {
        groups.append((variant.group, [variant]))
      }
    }
    return groups
  }
}

extension ComparisonRecord.Variant {
  /// The name, after that of its group.
  public var title: String { group.map { "\($0): \(name)" } ?? name }
}
