import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import Testing

@Suite("Tuning in a simulation")
struct TuningTests {
  static let task = SimulationTests.task

  private func run(
    _ tuning: Tuning, learningRate: Float = 0.01, rounds: Int = 6, threads: Int = 2, cohort: CohortSize = .all,
    server: ServerOptimizer = .averaging
  ) async throws -> (records: [RoundRecord], parameters: [UInt32]) {
    let partition = try Dataset.digits().split(testFraction: 0.2, seed: 1)
      .partitioned(.shards(perParty: 2), parties: 10, seed: 7, validation: .server(0.1))
    let local = LocalTraining(
      .momentum(learningRate: learningRate, momentum: 0.5).with(weightDecay: 1e-3), epochs: 1, batchSize: 16,
      objective: .proximal(0.01))
    let gradient = try LossGradient(Self.task, try #require(partition.validation))
    var algorithm = TunedAveraging(FederatedAveraging(local: local, server: server), tuning)
    if tuning.mode == .server { algorithm.serverLoss = { try gradient(at: $0.values) } }
    let simulation = Simulation(
      Self.task, algorithm, partition, SimulationConfiguration(seed: 3, threads: threads, cohort: cohort))
    var records: [RoundRecord] = []
    for try await record in simulation.rounds(rounds) { records.append(record) }
    return (records, try #require(simulation.parameters).values.map(\.bitPattern))
  }

  private static let everything = Tuning(TunedHyperparameter.allCases)

  @Test("raises a learning rate that is far too low", arguments: Tuning.Mode.allCases)
  func raises(mode: Tuning.Mode) async throws {
    let records = try await run(Tuning([.learningRate], mode: mode), learningRate: 0.001).records
    let values = records.compactMap { $0.tuning?.values["learning-rate"] }
    #expect(values.count == records.count)
    #expect(abs(values[0] - 0.001) < 1e-9)
    #expect(try #require(values.last) > 0.002)
    #expect(records.dropFirst().allSatisfy { ($0.tuning?.alignments["learning-rate"] ?? 0) != 0 })
    if mode == .perParty {
      let own = try #require(records.last).parties.compactMap { $0.hyperparameters?["learning-rate"] }
      #expect(own.count == 10)
      #expect(own.allSatisfy { $0 > 0.002 })
    } else {
      #expect(records.allSatisfy { $0.parties.allSatisfy { $0.hyperparameters == nil } })
    }
  }

  @Test("gives the same bits for any number of threads", arguments: Tuning.Mode.allCases)
  func threads(mode: Tuning.Mode) async throws {
    var tuning = Self.everything
    tuning.mode = mode
    let server = ServerOptimizer.momentum(learningRate: 0.8, momentum: 0.3)
    let one = try await run(tuning, rounds: 4, threads: 1, cohort: .count(6), server: server)
    for threads in 2...3 {
      let other = try await run(tuning, rounds: 4, threads: threads, cohort: .count(6), server: server)
      #expect(other.parameters == one.parameters)
      #expect(other.records.map(\.tuning) == one.records.map(\.tuning))
      #expect(
        other.records.map { $0.parties.map(\.hyperparameters) } == one.records.map { $0.parties.map(\.hyperparameters) }
      )
    }
    #expect(
      Set(try #require(one.records.last?.tuning).values.keys) == Set(TunedHyperparameter.allCases.map(\.rawValue)))
  }

  @Test("goes on at a lower rate, and says so, where training diverges", arguments: [Tuning.Mode.shared, .perParty])
  func recovers(mode: Tuning.Mode) async throws {
    let records = try await run(Tuning([.learningRate], mode: mode), learningRate: 1000, rounds: 3).records
    let notes = records.flatMap { $0.notes ?? [] }
    #expect(notes.first?.hasPrefix("round 1: training diverged at learning rate 1000.0 at party ") == true)
    #expect(notes.first?.hasSuffix("; going on with 100.0") == true)
    #expect(records.map(\.round) == [1, 2, 3])
    #expect(records.allSatisfy { $0.trainLoss.isFinite && ($0.testLoss ?? .nan).isFinite })
    #expect(try #require(records.last?.tuning?.values["learning-rate"]) < 100)
  }

  @Test("stops with round and party where recovery has come to its end")
  func gives() async throws {
    var tuning = Tuning([.learningRate])
    tuning.recoveryLimit = 1
    let limited = tuning
    let error = await #expect(throws: FluxionError.self) { try await run(limited, learningRate: 1e6) }
    #expect(error?.code == .diverged)
    #expect(error?.message.contains("round 1 at party") == true)
  }

  @Test("uploads numbers and sketches beside the update, and sends vectors only where the server tunes")
  func bytes() async throws {
    let plain = 10 * (4 * 2410 + 128)
    let shared = try await run(Tuning([.learningRate]), rounds: 2).records
    #expect(shared[0].bytesDown == plain + 10 * 8)
    #expect(shared[0].bytesUp == plain + 10 * 8)
    // Tangent and gradient, in 256 cells each.
    #expect(shared[1].bytesUp == plain + 10 * (3 * 8 + 2 * 256 * 4))
    let server = try await run(Tuning([.learningRate], mode: .server), rounds: 2).records
    #expect(server[1].bytesDown == plain + 10 * (8 + 4 * 2410))
    #expect(server[1].bytesUp == plain + 10 * 3 * 8)
  }
}
