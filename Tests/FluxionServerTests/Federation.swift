import FluxionCalculus
import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionIdentity
import FluxionLearning
import FluxionSimulation
import NIOCore

@testable import FluxionServer

/// Where one and the same federation runs.
enum World: String, CaseIterable {
  case inProcess = "in process"
  case loopback = "over loopback"
  case mutualTLS = "over mutual TLS"
}

/// A federation over the bundled digits.
struct Federation<Algorithm: FederatedAlgorithm>: Sendable {
  var task: LearningTask
  var algorithm: Algorithm
  var partition: Partition
  var rounds = 3
  var seed: UInt64 = 5
  var cohort = CohortSize.all
  var quorum = 1.0
  /// What else the policy is to say.
  var adjust: @Sendable (inout RoundPolicy) -> Void = { _ in }
  var maximumNorm: Double?
  var maximumRefusals: Int?
  var updatesAtOnce: Int?
  /// How tables are read, where parties have files.
  var table: TableSchema?

  struct Outcome {
    var parameters: Parameters
    var records: [RoundRecord]
    var entries: [JournalEntry] = []
    var stopReason: StopReason?
  }

  init(_ algorithm: Algorithm, _ task: LearningTask = .digits, parties: Int = 3) throws {
    self.task = task
    self.algorithm = algorithm
    partition = try Dataset.digits().split(testFraction: 0.7, seed: 1)
      .partitioned(.dirichlet(alpha: 1), parties: parties, seed: 7)
  }

  func run(_ world: World) async throws -> Outcome {
    switch world {
    case .inProcess: return try await simulate()
    case .loopback:
      return try await serve { port, _ in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for party in 0..<partition.count { group.addTask { try await client(party, port).run() } }
          try await group.waitUnlessOneFails()
        }
      }
    case .mutualTLS: return try await enrollAndRun()
    }
  }

  /// Every party is invited, enrols, and takes part with the certificate that it got.
  private func enrollAndRun() async throws -> Outcome {
    let names = (0..<partition.count).map { "party-\($0)" }
    let server = try SecureServer(parties: names)
    return try await serve(names, security: server.security()) { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in 0..<partition.count {
          group.addTask {
            let folder = try server.folder(names[party])
            try await PartyEnrollment(host: "localhost", port: port).enroll(server.invite(names[party]), in: folder)
            try await client(party, port, name: names[party], security: .mutualTLS(folder)).run()
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
  }

  private func simulate() async throws -> Outcome {
    let simulation = Simulation(
      task, algorithm, partition, SimulationConfiguration(seed: seed, threads: 2, cohort: cohort, evaluateEvery: 0))
    var records: [RoundRecord] = []
    for try await record in simulation.rounds(rounds) { records.append(record) }
    guard let parameters = simulation.parameters else {
      throw FluxionError(.invalidArgument, "the simulation had no round")
    }
    return Outcome(parameters: parameters, records: records, stopReason: simulation.stopReason)
  }

  func client(
    _ party: Int, _ port: Int, name: String? = nil, security: ClientSecurity = .plaintextOnLoopback
  ) throws -> FederatedClient {
    var configuration = FederatedClient.Configuration(
      name: name ?? partition.name(of: party), port: port, security: security)
    configuration.backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(10))
    configuration.key = RandomKey(seed: UInt64(party))
    return try FederatedClient(configuration, data: partition[party])
  }

  /// Runs a server, and its clients beside it, until the run is over.
  func serve(
    _ names: [String]? = nil, security: ServerSecurity = .plaintextOnLoopback,
    _ clients: @escaping @Sendable (_ port: Int, GRPCTransport) async throws -> Void
  ) async throws -> Outcome {
    let key = RandomKey(seed: seed)
    let input = partition.dataset.exampleShape
    var configuration = try GRPCTransport.Configuration(parties: names ?? partition.names, run: "test")
    // Not the first, so that there are tasks of an earlier one.
    configuration.life = 1
    configuration.greetingTimeout = .seconds(3600)
    configuration.maximumNorm = maximumNorm
    if let maximumRefusals { configuration.maximumRefusals = maximumRefusals }
    if let updatesAtOnce { configuration.updatesAtOnce = updatesAtOnce }
    configuration.table = table
    configuration.chunkByteCount = 1000
    let transport = try GRPCTransport(task, input: input, configuration)
    let store = InMemoryStore()
    var policy = RoundPolicy(
      clients: partition.count, rounds: rounds, key: key, cohort: cohort, quorum: quorum, evaluateEvery: 0)
    adjust(&policy)
    let coordinator = try Coordinator(
      algorithm,
      CoordinatorConfiguration(
        policy: policy, parameters: try task.initialParameters(input: input, key: key.folding("parameters")),
        evaluate: { _ in Evaluation() }, name: { [names = names ?? partition.names] in names[$0] }),
      transport: transport, clock: WallClock(), store: store)
    return try await FederationServer(transport, security: security).patient().serve { port in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await clients(port, transport) }
        group.addTask {
          while try await coordinator.nextRound() != nil {}
          transport.finish("the run is over")
        }
        try await group.waitUnlessOneFails()
        let records = store.entries.compactMap { entry in
          if case .roundRecorded(let record) = entry { record } else { nil }
        }
        return Outcome(
          parameters: await coordinator.parameters, records: records, entries: store.entries,
          stopReason: await coordinator.stopReason)
      }
    }
  }
}

extension LearningTask {
  static let digits = LearningTask(.mlp(hidden: [16], classes: 10), loss: .softmaxCrossEntropy, metrics: [.accuracy])
}

extension FederationServer {
  /// Gives clients time to connect: how busy the machine is is not what is tested.
  func patient() -> FederationServer {
    var server = self
    server.limits.timeWithoutCall = .hours(1)
    return server
  }
}

extension ThrowingTaskGroup where ChildTaskResult == Void {
  /// Waits for all, unless one fails: `waitForAll` waits for the others even then, and they may wait for that one.
  mutating func waitUnlessOneFails() async throws { while try await next() != nil {} }
}

extension Parameters {
  var bits: [UInt32] { values.map(\.bitPattern) }
}
