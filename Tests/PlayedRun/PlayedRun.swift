import FluxionCalculus
import FluxionCoordination
import FluxionDashboard
import FluxionFederation
import FluxionLearning
import Foundation

/// Plays a made-up run on the page: `PlayedRun PORT TOKEN [SECONDS A ROUND] [ROUNDS]`. For the browser's tests in
/// Tests/Browser, and for those who work on the page.
@main
struct PlayedRun {
  /// Of hospitals that do not exist.
  static let names = [
    "Northfield General", "Hôpital du Lac", "Riverside Clinic", "St Alba’s", "Fjordholm", "Lindenhain", "Oakmere",
    "Casa Serena", "Vijverhof", "Valle Verde",
  ]

  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3, let port = Int(arguments[1]) else {
      print("usage: PlayedRun PORT TOKEN [SECONDS A ROUND] [ROUNDS]")
      return
    }
    let seconds = arguments.count > 3 ? Double(arguments[3]) ?? 1 : 1
    let rounds = arguments.count > 4 ? Int(arguments[4]) ?? 40 : 40
    let board = StatusBoard(.init(name: "chest x-rays, ten hospitals", rounds: rounds), parties: names)
    let token = arguments[2]
    var configuration = Dashboard.Configuration(token: token)
    configuration.port = port
    configuration.heartbeat = .seconds(2)
    let dashboard = try Dashboard(board, configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await dashboard.run { print("http://127.0.0.1:\($0)/#token=\(token)") }
      }
      group.addTask { try await play(on: board, rounds: rounds, seconds: seconds) }
      try await group.waitForAll()
    }
  }

  /// Parties join, one is away for a while, one sends what cannot be used until it is shut out.
  static func play(on board: StatusBoard, rounds: Int, seconds: Double) async throws {
    func pause(_ share: Double) async throws { try await Task.sleep(for: .seconds(seconds * share)) }
    var generator = RandomKey(seed: 7).generator()
    let samples = names.indices.map { _ in Int.random(in: 2_000...48_000, using: &generator) }
    for party in names.indices {
      board.post(.connected(party: party, name: names[party], samples: samples[party]))
      try await pause(0.2)
    }
    let parameters = try await model()
    board.post(.runStarted(algorithm: "fedavg", clients: names.count, parameterCount: parameters.layout.count))
    let bytes = 4 * parameters.layout.count
    for round in 1...rounds {
      board.post(.roundStarted(round: round, cohort: names.count))
      board.post(.handedOut(round: round, clients: Array(names.indices), deadline: nil))
      if round % 17 == 9 { board.post(.disconnected(party: 4)) }
      if round % 17 == 13 { board.post(.connected(party: 4, name: names[4], samples: samples[4])) }
      let isAway = (9..<13).contains(round % 17)
      var accepted = 0
      for party in names.indices.shuffled(using: &generator) where !(party == 4 && isAway) {
        try await pause(0.8 / Double(names.count))
        board.post(.sent(party: party, bytes: bytes))
        board.post(.received(party: party, bytes: bytes))
        if party == 7, round % 6 == 5 {
          board.post(
            .updateRefused(round: round, client: party, ClientFailure(.diverged, "value 1,204 of the update is nan")))
          continue
        }
        let metrics = ClientMetrics(samples: samples[party], steps: 40, lossSum: 1, lossCount: 1, seconds: 0.2)
        board.post(.updatesAccepted([ClientReport(round: round, client: party, outcome: .trained(metrics))]))
        accepted += 1
      }
      if round == 24 { board.post(.quarantined(party: 7, reason: "4 updates were refused; the limit is 3")) }
      try await pause(0.2)
      let progress = 1 - exp(-Double(round) / 9)
      let noise = Double.random(in: -0.006...0.006, using: &generator)
      board.publish(parameters, afterRound: round)
      board.post(
        .roundRecorded(
          RoundRecord(
            round: round, testAccuracy: 0.52 + 0.44 * progress + noise, testLoss: 1.42 - 1.28 * progress - 2 * noise,
            trainLoss: 1.5 - 1.34 * progress, seconds: seconds * (0.85 + 8 * abs(noise)), evaluationSeconds: 0.01,
            bytesUp: accepted * bytes, bytesDown: (isAway ? 9 : 10) * bytes)))
    }
    board.post(.runFinished(.completed))
  }

  static func model() async throws -> Parameters {
    let model = Model {
      Flatten()
      Dense(128)
      ReLU()
      Dense(10)
    }
    return Parameters(
      zerosFor: try LearningTask(model, loss: .softmaxCrossEntropy, metrics: [.accuracy]).layout(input: [28, 28, 1]))
  }
}
