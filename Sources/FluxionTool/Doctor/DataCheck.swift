import Fluxion
import FluxionClient
import FluxionCommand
import Foundation

/// Whether data is there and can be read, as a server or a party would.
enum DataCheck {
  /// As `fluxion serve` reads it.
  static func server(_ read: () throws -> Experiment) -> Finding {
    finding {
      let experiment = try read()
      let partition = try experiment.prepared().partition
      let tests = partition.test.map { ", \(Figures.count($0.count)) of them for testing" } ?? ""
      let count = partition.sizes.reduce(0, +) + (partition.test?.count ?? 0)
      return "\(experiment.data) has \(Figures.count(count)) samples\(tests)"
    }
  }

  /// As `fluxion join` does.
  static func party(_ read: () throws -> Experiment) -> Finding {
    finding {
      let data = try PartyData(read())
      return "\(data.name) has \(Figures.count(data.count)) samples"
    }
  }

  private static func finding(_ read: () throws -> String) -> Finding {
    do { return .ok("data", try read()) } catch {
      // Errors of data say what would be right.
      let reason = (error as? FluxionError)?.message ?? (error as? UsageError)?.message ?? "\(error)"
      return .problem("data", reason, "see to the file or name another: docs/experiments.md has the forms of --data")
    }
  }
}

extension PartyData {
  /// What a party holds that has the data of an experiment to itself.
  ///
  /// - Throws: ``FluxionError`` for data that is not there or cannot be read.
  init(_ experiment: Experiment) throws {
    if case .csv(let file) = experiment.data {
      self = try .table(file)
    } else {
      self = try .examples(experiment.ownData())
    }
  }
}
