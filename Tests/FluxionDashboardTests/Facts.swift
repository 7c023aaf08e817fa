import FluxionCalculus
import FluxionCoordination
@testable import FluxionDashboard
import FluxionFederation
import FluxionLearning
import Foundation

/// A run's facts, for tests to post.
enum Facts {
  static let date = Date(timeIntervalSince1970: 1_800_000_000)

  static func board(parties: [String] = ["a", "b", "c"], rounds: Int = 4) -> StatusBoard {
    StatusBoard(.init(name: "quiet-run", rounds: rounds), parties: parties) { date }
  }

  static func accepted(_ party: Int, in round: Int, samples: Int = 10) -> JournalEntry {
    .updatesAccepted([
      ClientReport(
        round: round, client: party,
        outcome: .trained(ClientMetrics(samples: samples, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)))
    ])
  }

  static func refused(_ party: Int, in round: Int, _ reason: String = "value 0 of the update is nan") -> JournalEntry {
    .updateRefused(round: round, client: party, ClientFailure(.diverged, reason))
  }

  static func recorded(_ round: Int, accuracy: Double? = 0.5, trainLoss: Double = 1) -> JournalEntry {
    .roundRecorded(
      RoundRecord(
        round: round, testAccuracy: accuracy, testLoss: 0.7, trainLoss: trainLoss, seconds: 2, bytesUp: 30,
        bytesDown: 40))
  }

  static func parameters(_ values: [Float] = [1, 2, 3, 4, 5, 6]) throws -> Parameters {
    let task = LearningTask(Model { Dense(2) }, loss: .softmaxCrossEntropy)
    return try Parameters(layout: task.layout(input: [2]), values: values)
  }
}
