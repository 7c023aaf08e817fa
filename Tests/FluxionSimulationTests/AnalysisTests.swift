import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionSimulation
import Synchronization
import Testing

@Suite("Gradient analysis of a simulation")
struct AnalysisTests {
  static let settings = GradientAnalysis(gradientSamples: 96, hessianSamples: 80, lanczosSteps: 8, traceProbes: 3)

  private func run(
    _ parties: Partition, rounds: Int, _ configuration: SimulationConfiguration
  ) async throws -> (records: [RoundRecord], parameters: [Float]) {
    try await run(SimulationTests.algorithm, parties, rounds: rounds, configuration)
  }

  private func run<Algorithm: FederatedAlgorithm>(
    _ algorithm: Algorithm, _ parties: Partition, rounds: Int, _ configuration: SimulationConfiguration
  ) async throws -> (records: [RoundRecord], parameters: [Float]) {
    let simulation = Simulation(SimulationTests.task, algorithm, parties, configuration)
    var records: [RoundRecord] = []
    for try await record in simulation.rounds(rounds) { records.append(record) }
    return (records, try #require(simulation.parameters).values)
  }

  @Test("gives the same bits for any number of threads, and leaves the model's as they are without it")
  func threads() async throws {
    let parties = try SimulationTests.parties(.dirichlet(alpha: 0.3), 13)
    func outcome(_ threads: Int, _ analysis: GradientAnalysis?) async throws -> ([RoundAnalysis?], [UInt32]) {
      let (records, values) = try await run(
        parties, rounds: 3,
        SimulationConfiguration(seed: 5, threads: threads, cohort: .count(7), analysis: analysis))
      return (records.map(\.analysis), values.map(\.bitPattern))
    }
    let one = try await outcome(1, Self.settings)
    #expect(one.0.allSatisfy { $0 != nil })
    for threads in [2, 5] {
      let other = try await outcome(threads, Self.settings)
      #expect(other.0 == one.0)
      #expect(other.1 == one.1)
    }
    let without = try await outcome(2, nil)
    #expect(without.0 == [nil, nil, nil] && without.1 == one.1)
  }

  @Test("tells of each party what it tells of itself: norms, drift and loss")
  func figures() async throws {
    let parties = try SimulationTests.parties(.iid, 4)
    let (records, _) = try await run(parties, rounds: 2, SimulationConfiguration(analysis: Self.settings))
    let record = records[1]
    let analysis = try #require(record.analysis)
    #expect(analysis.cohort == 4 && analysis.parties.map(\.party) == [0, 1, 2, 3])
    #expect(analysis.parties.allSatisfy { $0.samples == 96 })
    #expect(record.analysisSeconds.map { $0 > 0 } == true)
    for party in analysis.parties {
      for value in [party.loss, party.gradientNorm, party.updateNorm, party.drift, party.noise?.covarianceTrace] {
        let figure = try #require(value)
        #expect(figure > 0)
      }
      // Parties of one distribution end near each other: nearer than where they began.
      let (drift, norm) = (try #require(party.drift), try #require(party.updateNorm))
      #expect(drift < norm)
      let cosine = try #require(party.updateCosine)
      #expect(cosine > 0.3)
    }
    let updates = try #require(analysis.updates)
    #expect(updates.conflict == 0 && updates.cosines.count == 4)
    #expect(updates.diversity.map { $0 < 0.6 } == true)
    #expect(analysis.disagreeing.isEmpty)
    #expect(analysis.noise?.batchSize.map { $0 > 0 } == true)
    let hessian = try #require(analysis.hessian)
    #expect(hessian.samples == 80 && (1...8).contains(hessian.lanczosSteps))
    for value in [hessian.topEigenvalue, hessian.trace, hessian.eigenvalueError, hessian.traceError] {
      let figure = try #require(value)
      #expect(figure > 0)
    }
    // The loss at the model that the round began with is what the round before left.
    let before = try #require(records[0].testLoss)
    let mean = analysis.parties.reduce(0) { $0 + ($1.loss ?? 0) } / 4
    #expect(abs(mean - before) < 0.15)
  }

  /// The digits in turn to so many parties; of one the labels are permuted: it calls every digit the next.
  static func withFlippedParty(_ flipped: Int, of count: Int) throws -> Partition {
    let digits = try Dataset.digits()
    let labels = digits.all.labels.enumerated().map {
      $0.offset % count == flipped ? ($0.element + 1) % 10 : $0.element
    }
    let party = Column.Categories(
      names: (0..<count).map { "party \($0)" }, codes: labels.indices.map { Int32($0 % count) })
    let data = try Dataset(
      name: "flipped", features: digits.all.features(), exampleShape: digits.exampleShape,
      targets: .classes(labels: labels, classCount: 10),
      columns: [Column(name: "party", features: 0..<0, categories: party)])
    return try data.partitioned(.column("party"), parties: count, seed: 1)
  }

  @Test("a party whose labels are permuted stands out")
  func flipped() async throws {
    let parties = try Self.withFlippedParty(6, of: 10)
    let (records, _) = try await run(parties, rounds: 6, SimulationConfiguration(analysis: Self.settings))
    // In the first round nobody knows anything, and all move alike.
    for record in records.dropFirst(2) {
      let analysis = try #require(record.analysis)
      #expect(analysis.disagreeing == [6])
      let cosines = analysis.parties.compactMap(\.updateCosine)
      let others = cosines.enumerated().filter { $0.offset != 6 }.map(\.element)
      let least = try #require(others.min())
      #expect(cosines[6] < least - 0.2)
    }
  }

  @Test("looks at the first round, every so many after it, and the last")
  func every() async throws {
    var settings = Self.settings
    settings.every = 3
    (settings.lanczosSteps, settings.traceProbes) = (0, 0)
    let (records, _) = try await run(
      try SimulationTests.parties(.iid, 4), rounds: 6, SimulationConfiguration(analysis: settings))
    #expect(records.map { $0.analysis != nil } == [true, false, false, true, false, true])
    #expect(records.map { $0.analysisSeconds != nil } == [true, false, false, true, false, true])
    #expect(records[0].analysis?.hessian == nil)
  }

  @Test("has gradients alone where clients send gradients, and of a large cohort a hundred parties")
  func gradientsAlone() async throws {
    var settings = Self.settings
    settings.traceProbes = 0
    let (descents, _) = try await run(
      FederatedSGD(learningRate: 0.5), try SimulationTests.parties(.iid, 4), rounds: 1,
      SimulationConfiguration(analysis: settings))
    let descent = try #require(descents[0].analysis)
    #expect(descent.updates == nil && descent.parties.allSatisfy { $0.updateNorm == nil && $0.drift == nil })
    #expect(descent.hessian?.trace == nil && descent.hessian?.topEigenvalue != nil)

    let (many, _) = try await run(
      try SimulationTests.parties(.iid, 120), rounds: 2, SimulationConfiguration(analysis: settings))
    let (first, second) = (try #require(many[0].analysis), try #require(many[1].analysis))
    #expect(first.cohort == 120 && first.parties.count == 100 && first.updates == nil)
    #expect(first.gradients.cosines.count == 100)
    #expect(first.parties.map(\.party) != second.parties.map(\.party))
  }

  @Test("that cannot be is refused before the first round")
  func refused() async throws {
    for change: @Sendable (inout GradientAnalysis) -> Void in [
      { $0.every = 0 }, { $0.gradientSamples = 0 }, { $0.hessianSamples = 0 }, { $0.lanczosSteps = -1 },
      { $0.traceProbes = -1 }, { $0.lanczosTolerance = 0 },
    ] {
      var settings = Self.settings
      change(&settings)
      let parties = try SimulationTests.parties(.iid, 4)
      let error = await #expect(throws: FluxionError.self) {
        _ = try await self.run(parties, rounds: 1, SimulationConfiguration(analysis: settings))
      }
      #expect(error?.message.contains("of an analysis") == true)
    }
  }
}

@Suite("Progress within a round")
struct RoundProgressTests {
  @Test("counts the clients that have trained, at most once in an interval")
  func counts() async throws {
    func reports(interval: Duration) async throws -> [RoundProgress] {
      let seen = Recorder()
      var configuration = SimulationConfiguration(threads: 1, onProgress: { seen.note($0) })
      configuration.progressInterval = interval
      let simulation = Simulation(
        SimulationTests.task, SimulationTests.algorithm, try SimulationTests.parties(.iid, 4), configuration)
      for try await _ in simulation.rounds(2) {}
      return seen.all
    }
    #expect(
      try await reports(interval: .zero)
        == (1...2).flatMap { round in (1...4).map { RoundProgress(round: round, trained: $0, clients: 4) } })
    #expect(try await reports(interval: .seconds(3600)) == [RoundProgress(round: 1, trained: 1, clients: 4)])
  }

  private final class Recorder: Sendable {
    private let seen = Mutex<[RoundProgress]>([])

    func note(_ progress: RoundProgress) { seen.withLock { $0.append(progress) } }

    var all: [RoundProgress] { seen.withLock { $0 } }
  }
}
