import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import Foundation
import Testing

@testable import FluxionSimulation

@Suite("A simulation in virtual time")
struct VirtualTimeTests {
  private static let fedBuff = VirtualTime(
    devices: .uneven(spread: 1), StragglerPolicy(pace: .buffered(3), late: .buffered(StalenessWeighting())))

  private struct Outcome: Equatable {
    var parameters: [UInt32]
    /// Without what the clock says.
    var records: [RoundRecord]
  }

  private func run<Algorithm: FederatedAlgorithm>(
    _ algorithm: Algorithm = SimulationTests.algorithm, parties: Int = 13, rounds: Int = 6,
    _ change: (inout SimulationConfiguration) -> Void
  ) async throws -> Outcome {
    var configuration = SimulationConfiguration(seed: 5, threads: 2)
    change(&configuration)
    let simulation = Simulation(
      SimulationTests.task, algorithm, try SimulationTests.parties(.dirichlet(alpha: 0.3), parties), configuration)
    var outcome = Outcome(parameters: [], records: [])
    for try await record in simulation.rounds(rounds) {
      var record = record
      (record.seconds, record.evaluationSeconds, record.analysisSeconds) = (0, 0, record.analysisSeconds.map { _ in 0 })
      for index in record.parties.indices { record.parties[index].seconds = 0 }
      outcome.records.append(record)
    }
    outcome.parameters = try #require(simulation.parameters).values.map(\.bitPattern)
    return outcome
  }

  @Test(
    "comes to the bits of one in which nobody waits, where everybody counts",
    arguments: ["fedavg", "fedsgd", "median", "learned"])
  func sameBits(name: String) async throws {
    func both<Algorithm: FederatedAlgorithm>(_ algorithm: Algorithm) async throws {
      for devices in [DeviceProfile.even, .uneven(spread: 1)] {
        let plain = try await run(algorithm) { $0.cohort = .count(7) }
        var timed = try await run(algorithm) {
          ($0.cohort, $0.virtualTime) = (.count(7), VirtualTime(devices: devices))
        }
        let seconds = timed.records.map { $0.simulatedSeconds ?? -1 }
        #expect(zip([0] + seconds, seconds).allSatisfy { $0 < $1 })
        for index in timed.records.indices { timed.records[index].simulatedSeconds = nil }
        #expect(timed == plain)
      }
    }
    switch name {
    case "fedsgd": try await both(FederatedSGD(learningRate: 0.5))
    case "median":
      try await both(FederatedAveraging(local: SimulationTests.algorithm.local, aggregator: CoordinateMedian()))
    case "learned": try await both(LearnedWeighting(local: SimulationTests.algorithm.local, validation: .parties))
    default: try await both(SimulationTests.algorithm)
    }
  }

  @Test("with a buffer of everybody FedBuff is FedAvg, bit for bit")
  func closedForm() async throws {
    let averaging = try await run { _ in }
    for exponent in [0.5, 2] {
      let buffered = try await run {
        $0.virtualTime = VirtualTime(
          devices: .uneven(spread: 1),
          StragglerPolicy(pace: .buffered(13), late: .buffered(StalenessWeighting(exponent: exponent))))
      }
      #expect(buffered.parameters == averaging.parameters)
      #expect(buffered.records.map(\.testLoss) == averaging.records.map(\.testLoss))
      #expect(buffered.records.allSatisfy { $0.parties.allSatisfy { $0.staleness == nil } })
    }
  }

  /// FedBuff once more, in the plainest way: a list of who is at work, one client after the other, and sums in `Double`.
  @Test("FedBuff takes the steps of a reference written out", arguments: [0, 0.5, 1])
  func reference(exponent: Double) async throws {
    let partition = try SimulationTests.parties(.dirichlet(alpha: 0.3), 9)
    let key = RandomKey(seed: 5)
    let local = SimulationTests.algorithm.local
    let trainer = try LocalTrainer(SimulationTests.task, input: partition.dataset.exampleShape, training: local)
    let worker = ClientWorker(trainer)
    var global = try SimulationTests.task.initialParameters(
      input: partition.dataset.exampleShape, key: key.folding("parameters")
    ).values.map { Double($0) }
    struct Work {
      var client: Int
      var round: Int
      var end: Duration
      var start: [Float]
    }
    var (atWork, now): ([Work], Duration) = ([], .zero)
    var taken: [[Int]] = []
    for round in 1...8 {
      var tookPart = Set<Int>()
      func begin(_ count: Int, _ key: RandomKey) {
        let busy = Set(atWork.map(\.client)).union(tookPart)
        let free = (0..<9).filter { !busy.contains($0) }
        for index in Cohort.select(count, of: free.count, key: key) {
          let client = free[index]
          let duration = DeviceProfile.uneven(spread: 1).duration(
            of: .training(local), samples: partition[client].count, party: client, key: RandomKey(seed: 5))
          atWork.append(Work(client: client, round: round, end: now + duration, start: global.map { Float($0) }))
        }
      }
      begin(6 - atWork.count, key.folding("cohort", round))
      var (sum, samples, parties) = ([Double](repeating: 0, count: global.count), 0, [Int]())
      while parties.count < 3 {
        let next = try #require(atWork.indices.min { atWork[$0].end < atWork[$1].end })
        let work = atWork.remove(at: next)
        now = work.end
        tookPart.insert(work.client)
        parties.append(work.client)
        let examples = partition[work.client]
        try work.start.withUnsafeBufferPointer { start in
          _ = try worker.train(
            examples, from: start, hyperparameters: trainer.values(for: local),
            key: key.folding("round", work.round).folding("client", work.client))
        }
        let factor = 1 / Double(1 + round - work.round).squareRoot()
        let scale = exponent == 0.5 ? factor : exponent == 0 ? 1 : factor * factor
        for index in sum.indices {
          sum[index] += scale * Double(examples.count) * Double(worker.parameters[index] - work.start[index])
        }
        samples += examples.count
        if parties.count < 3 {
          begin(1, key.folding("cohort", round).folding("replacement", atWork.count + tookPart.count))
        }
      }
      for index in sum.indices { global[index] += sum[index] / Double(samples) }
      taken.append(parties.sorted())
    }
    let simulation = Simulation(
      SimulationTests.task, SimulationTests.algorithm, partition,
      SimulationConfiguration(
        seed: 5, cohort: .count(6),
        virtualTime: VirtualTime(
          devices: .uneven(spread: 1),
          StragglerPolicy(pace: .buffered(3), late: .buffered(StalenessWeighting(exponent: exponent))))))
    var records: [RoundRecord] = []
    for try await record in simulation.rounds(8) { records.append(record) }
    #expect(records.map { $0.parties.map(\.party) } == taken)
    #expect(records.contains { $0.parties.contains { ($0.staleness ?? 0) > 1 } })
    #expect(abs((records.last?.simulatedSeconds ?? 0) - now / .seconds(1)) < 1e-9)
    let values = try #require(simulation.parameters).values
    let distance = zip(values, global).map { abs(Double($0) - $1) }.max() ?? 1
    #expect(distance < 1e-5)
  }

  @Test(
    "gives the same bits and records for any number of threads, and other bits for another seed",
    arguments: ["fedbuff", "over-selected, late dropped", "over-selected, late buffered", "a deadline"])
  func threads(name: String) async throws {
    func outcome(threads: Int, seed: UInt64 = 5) async throws -> Outcome {
      try await run(rounds: 8) {
        ($0.threads, $0.seed, $0.cohort) = (threads, seed, .count(6))
        switch name {
        case "fedbuff": $0.virtualTime = Self.fedBuff
        case "a deadline":
          $0.virtualTime = VirtualTime(
            devices: .uneven(spread: 1), StragglerPolicy(quorum: 0.3, deadline: .milliseconds(150)))
        default:
          let late: RoundPolicy.LateUpdates =
            name.hasSuffix("dropped") ? .discarded : .buffered(StalenessWeighting())
          $0.virtualTime = VirtualTime(devices: .uneven(spread: 1), StragglerPolicy(overSelection: 1.5, late: late))
        }
      }
    }
    let one = try await outcome(threads: 1)
    #expect(one.records.count == 8)
    if name == "a deadline" { #expect(Set(one.records.map(\.parties.count)).count > 1) }
    let isStale = one.records.contains { $0.parties.contains { $0.staleness != nil } }
    #expect(isStale == (name.hasSuffix("buffered") || name == "fedbuff"))
    for threads in [2, 3, 5] { #expect(try await outcome(threads: threads) == one) }
    #expect(try await outcome(threads: 2, seed: 6).parameters != one.parameters)
  }

  @Test("who reports at the instant of a deadline has made it, and who reports later has not")
  func deadline() async throws {
    let parties = try SimulationTests.parties(.iid, 4)
    let sizes = Set((0..<4).map { parties[$0].count }).sorted()
    let (first, last) = (try #require(sizes.first), try #require(sizes.last))
    for (milliseconds, expected) in [(last, 4), (first, (0..<4).count { parties[$0].count == first })] {
      let simulation = Simulation(
        SimulationTests.task, SimulationTests.algorithm, parties,
        SimulationConfiguration(
          virtualTime: VirtualTime(StragglerPolicy(quorum: 0.1, deadline: .milliseconds(milliseconds)))))
      for try await record in simulation.rounds(1) {
        #expect(record.parties.count == expected)
        #expect(abs((record.simulatedSeconds ?? 0) - Double(milliseconds) / 1000) < 1e-9)
      }
    }
  }

  @Test("can be run again, to the same bits")
  func again() async throws {
    let simulation = Simulation(
      SimulationTests.task, SimulationTests.algorithm, try SimulationTests.parties(),
      SimulationConfiguration(cohort: .count(6), virtualTime: Self.fedBuff))
    var outcomes: [Parameters?] = []
    for _ in 0..<2 {
      for try await _ in simulation.rounds(4) {}
      outcomes.append(simulation.parameters)
    }
    #expect(outcomes[0] == outcomes[1])
  }

  @Test("on uneven devices FedBuff and over-selection have taken their steps earlier than rounds that wait")
  func earlier() async throws {
    func end(_ time: VirtualTime) async throws -> Double {
      try await run(parties: 30, rounds: 6) { ($0.cohort, $0.virtualTime) = (.count(10), time) }.records.last?
        .simulatedSeconds ?? 0
    }
    let waiting = try await end(VirtualTime(devices: .uneven(spread: 1)))
    #expect(try await end(VirtualTime(devices: .uneven(spread: 1), StragglerPolicy(overSelection: 1.3))) < waiting)
    let buffered = VirtualTime(
      devices: .uneven(spread: 1), StragglerPolicy(pace: .buffered(10), late: .buffered(StalenessWeighting())))
    #expect(try await end(buffered) < waiting)
  }

  @Test("stops with round and party when training diverges, and when it is asked to")
  func ends() async throws {
    let diverging = FederatedAveraging(local: .sgd(learningRate: 1e20, epochs: 1, batchSize: 16))
    let error = await #expect(throws: FluxionError.self) {
      try await self.run(diverging) { ($0.cohort, $0.virtualTime) = (.count(6), Self.fedBuff) }
    }
    #expect(error?.code == .diverged)
    let stopped = Simulation(
      SimulationTests.task, SimulationTests.algorithm, try SimulationTests.parties(),
      SimulationConfiguration(cohort: .count(6), virtualTime: Self.fedBuff))
    var count = 0
    for try await _ in stopped.rounds(100) {
      count += 1
      if count == 3 { stopped.stop() }
    }
    #expect(count == 3)
    #expect(stopped.stopReason == .requested)
  }

  @Test("the speeds of devices are log-normal draws of the seed, and a sample takes a millisecond at speed 1")
  func devices() throws {
    let key = RandomKey(seed: 3)
    let work = ClientWork.training(.sgd(learningRate: 0.1, epochs: 3, batchSize: 16))
    #expect(DeviceProfile.even.duration(of: work, samples: 40, party: 7, key: key) == .milliseconds(120))
    #expect(DeviceProfile.even.duration(of: .gradient, samples: 40, party: 7, key: key) == .milliseconds(40))
    let speeds = (0..<4000).map { DeviceProfile.uneven(spread: 0.7).speed(of: $0, key: key) }
    let logs = speeds.map { log($0) }
    let mean = logs.reduce(0, +) / 4000
    let deviation = (logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000).squareRoot()
    #expect(abs(mean) < 0.05 && abs(deviation - 0.7) < 0.05)
    #expect(DeviceProfile.uneven(spread: 0.7).speed(of: 9, key: key) == speeds[9])
    #expect(DeviceProfile.uneven(spread: 0.7).speed(of: 9, key: RandomKey(seed: 4)) != speeds[9])
    for text in ["even", "uneven:0.7"] { #expect(try DeviceProfile(parsing: text).description == text) }
    for text in ["", "odd", "uneven", "uneven:-1", "uneven:nan", "even:1", "uneven:6"] {
      #expect(throws: FluxionError.self) { try DeviceProfile(parsing: text) }
    }
  }
}
