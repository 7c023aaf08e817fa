public import FluxionCoordination
import Foundation

/// Everything that a run leaves behind but the model itself: what was asked for, what each round did, how it ended.
/// It stands in `run.json`; the report is made from it.
///
/// Wall-clock times are in ``timing`` and in the rounds' seconds alone: everything else is the same for the same seed.
///
/// ```swift
/// var record = RunRecord(seed: 7, configuration: ["model": "cnn", "rounds": 20], parameters: 23_370)
/// record.rounds.append(round)
/// record.stop = .init(.rounds)
/// try Data(record.json.text().utf8).write(to: url)
/// ```
public struct RunRecord: Codable, Sendable, Equatable {
  /// The version of the layout of `run.json` that this build writes.
  public static let currentFormat = 1

  public var formatVersion = RunRecord.currentFormat
  public var environment: Environment
  /// Every random draw of the run follows from it.
  public var seed: UInt64
  /// The command line that makes the same run.
  public var command: String?
  /// The configuration with the names and in the order of `experiment.yaml`.
  public var configuration: JSONValue
  /// The number of the model's parameters.
  public var parameters: Int
  public var partition: Partition?
  /// What to compare the federation with.
  public var baselines: Baselines?
  /// The digest of the final parameters, see `ModelDigest`; nil while the run is going on.
  public var modelSHA256: String?
  /// How the run ended; nil while it is going on.
  public var stop: Stop?
  public var timing: Timing?
  public var rounds: [RoundRecord]

  public init(
    environment: Environment = .current, seed: UInt64, command: String? = nil, configuration: JSONValue,
    parameters: Int, partition: Partition? = nil, rounds: [RoundRecord] = []
  ) {
    self.environment = environment
    self.seed = seed
    self.command = command
    self.configuration = configuration
    self.parameters = parameters
    self.partition = partition
    self.rounds = rounds
  }
}

extension RunRecord {
  /// What ran it.
  public struct Environment: Codable, Sendable, Equatable {
    public var fluxionVersion: String
    public var swiftVersion: String
    /// The operating system and the instruction set.
    public var platform: String

    public init(fluxionVersion: String, swiftVersion: String, platform: String) {
      self.fluxionVersion = fluxionVersion
      self.swiftVersion = swiftVersion
      self.platform = platform
    }
  }

  /// Who holds what.
  public struct Partition: Codable, Sendable, Equatable {
    public struct Party: Codable, Sendable, Equatable {
      public var name: String
      /// Training samples that the party holds.
      public var samples: Int
      /// Samples that the party keeps for validation; nil where the parties keep none.
      public var validationSamples: Int?
      /// Samples of each class; nil for targets that are no classes.
      public var labelHistogram: [Int]?
      /// How good the final global model is on the party's own samples; nil where nobody asked.
      public var globalModel: Evaluation?

      public init(
        name: String, samples: Int, validationSamples: Int? = nil, labelHistogram: [Int]? = nil,
        globalModel: Evaluation? = nil
      ) {
        self.name = name
        self.samples = samples
        self.validationSamples = validationSamples
        self.labelHistogram = labelHistogram
        self.globalModel = globalModel
      }
    }

    public var parties: [Party]
    public var classNames: [String]?
    /// Samples that no party holds and the global model is tested on.
    public var testSamples: Int?
    /// Samples that the server keeps for validation; nil where it keeps none.
    public var validationSamples: Int?

    public init(
      parties: [Party], classNames: [String]? = nil, testSamples: Int? = nil, validationSamples: Int? = nil
    ) {
      self.parties = parties
      self.classNames = classNames
      self.testSamples = testSamples
      self.validationSamples = validationSamples
    }
  }

  /// A model on the test set.
  public struct Evaluation: Codable, Sendable, Equatable {
    public var accuracy: Double?
    public var loss: Double?

    public init(accuracy: Double?, loss: Double?) {
      self.accuracy = accuracy
      self.loss = loss
    }
  }

  /// The federation beside those who do not federate, all on the same test set.
  public struct Baselines: Codable, Sendable, Equatable {
    public struct Alone: Codable, Sendable, Equatable {
      public var party: String
      public var accuracy: Double?
      public var loss: Double?

      public init(party: String, accuracy: Double?, loss: Double?) {
        self.party = party
        self.accuracy = accuracy
        self.loss = loss
      }
    }

    /// Each party that trained on its own data alone.
    public var alone: [Alone]
    /// All data in one place.
    public var pooled: Evaluation?
    /// The run's final global model.
    public var federation: Evaluation?

    public init(alone: [Alone], pooled: Evaluation?, federation: Evaluation?) {
      self.alone = alone
      self.pooled = pooled
      self.federation = federation
    }
  }

  /// How a run ended.
  public struct Stop: Codable, Sendable, Equatable {
    public enum Reason: String, Codable, Sendable {
      /// All rounds were run.
      case rounds
      case targetAccuracy
      /// As many evaluations as the patience without a better model.
      case patience
      case interrupted
      case error
    }

    public var reason: Reason
    /// A sentence; for an error, what went wrong.
    public var message: String?
    /// The error's stable code.
    public var errorCode: String?

    public init(_ reason: Reason, message: String? = nil, errorCode: String? = nil) {
      self.reason = reason
      self.message = message
      self.errorCode = errorCode
    }
  }

  /// The wall clock; differs from run to run.
  public struct Timing: Codable, Sendable, Equatable {
    /// ISO 8601, UTC.
    public var startedAt: String
    public var totalSeconds: Double

    public init(startedAt: String, totalSeconds: Double) {
      self.startedAt = startedAt
      self.totalSeconds = totalSeconds
    }
  }
}

extension RunRecord {
  /// What to say of a classifier that ended no better than one that knows nothing; nil of all others.
  ///
  /// A rate that is far too high can ruin a model with finite numbers, and a run then goes on without an error.
  public var guessingNotice: String? {
    guard let loss = rounds.last(where: { $0.testLoss != nil })?.testLoss,
      let classes = partition?.parties.compactMap(\.labelHistogram?.count).first, classes > 1,
      loss >= log(Double(classes))
    else { return nil }
    return "the model does no better than guessing among \(classes) classes, which has a loss of "
      + "\(Figures.loss(log(Double(classes)))); the learning rate may be far too high, or too low"
  }
}
