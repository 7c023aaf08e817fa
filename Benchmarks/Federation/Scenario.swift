import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionIdentity
import FluxionLearning
import FluxionServer
import FluxionStore
import Foundation

/// A federation whose clients send back what they are sent.
struct Scenario: Sendable {
  var name: String
  var clients: Int
  var rounds: Int
  /// The parameters of a convolutional network for MNIST, 6.65 MB, or two numbers.
  var isLarge = false
  var encrypts = false
  /// Whether the run is kept in a folder, by a journal that reaches the disk.
  var isKept = false
  /// Rounds beside connections that come to nothing; 0 for none of these.
  var intruders = 0

  static let all: [Scenario] = {
    var all: [Scenario] = []
    for (clients, rounds) in [(2, 1000), (100, 200)] {
      for (kind, encrypts) in [("", false), ("-tls", true)] {
        all.append(Scenario(name: "idle-\(clients)\(kind)", clients: clients, rounds: rounds, encrypts: encrypts))
        all.append(
          Scenario(
            name: "idle-\(clients)\(kind)-kept", clients: clients, rounds: rounds / 2, encrypts: encrypts, isKept: true)
        )
      }
    }
    for (clients, rounds) in [(10, 40), (100, 8)] {
      for (kind, encrypts) in [("", false), ("-tls", true)] {
        all.append(
          Scenario(
            name: "echo-\(clients)\(kind)", clients: clients, rounds: rounds, isLarge: true, encrypts: encrypts))
      }
    }
    all.append(Scenario(name: "intruders-10", clients: 10, rounds: 300, encrypts: true, intruders: 500))
    all.append(Scenario(name: "crowd-1000", clients: 1000, rounds: 10, encrypts: true, intruders: 500))
    return all
  }()

  private var task: LearningTask {
    isLarge
      ? LearningTask(.cnn(classes: 10), loss: .softmaxCrossEntropy)
      : LearningTask(.linear(outputs: 1), loss: .meanSquaredError)
  }

  private var input: Shape { isLarge ? [28, 28, 1] : [1] }

  /// Serves, with the clients in a process of their own.
  func run() async throws -> Measurement {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fluxion-benchmark-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var security = ServerSecurity.plaintextOnLoopback
    if encrypts {
      let registrar = try Registrar(creating: folder)
      try Parties.enroll(clients + Intruders.parties, in: folder, by: registrar)
      security = try .mutualTLS(registrar, names: [ServerName("127.0.0.1"), ServerName("localhost")])
    }
    let names = (0..<clients + Intruders.parties).map { Parties.name($0) }
    let transport = try GRPCTransport(task, input: input, GRPCTransport.Configuration(parties: names))
    let parameters = try task.initialParameters(input: input, key: RandomKey(seed: 1))
    let coordinator = try Coordinator(
      FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 1)),
      CoordinatorConfiguration(
        policy: RoundPolicy(clients: clients, rounds: 1 << 30, key: RandomKey(seed: 1), evaluateEvery: 0),
        parameters: parameters, evaluate: { _ in Evaluation() }, name: { names[$0] }, recordsClients: false),
      transport: transport, clock: WallClock(), store: try store(in: folder))
    return try await FederationServer(transport, security: security).serve { port in
      let parties = Parties(
        port: port, count: clients, exampleShape: input.dimensions, classCount: isLarge ? 10 : nil,
        folder: encrypts ? folder : nil)
      var measurement = Measurement(
        scenario: name, clients: clients, roundByteCount: isLarge ? 8 * clients * parameters.layout.count : nil)
      let begin = ContinuousClock.now
      let process = try Command.start(.parties(parties))
      defer { process.terminate() }
      try await transport.waitForParties(clients)
      measurement.secondsToConnect = (ContinuousClock.now - begin) / .seconds(1)
      measurement.connectedByteCount = Resources.now
      let before = (Resources.processorSeconds, Resources.processorSeconds(of: process))
      measurement.rounds = try await Self.time(rounds, of: coordinator)
      measurement.serverProcessorSeconds = (Resources.processorSeconds - before.0) / Double(rounds)
      measurement.clientsProcessorSeconds = (Resources.processorSeconds(of: process) - before.1) / Double(rounds)
      if intruders > 0 {
        try await intrude(
          Intruders(port: port, count: intruders, folder: folder, first: clients), coordinator, &measurement)
      }
      measurement.clientsByteCount = Resources.peak(of: process)
      measurement.serverByteCount = Resources.peak
      return measurement
    }
  }

  private func store(in folder: URL) throws -> any Store {
    guard isKept else { return NoStore() }
    return try SQLiteStore(at: folder.appending(path: "run"), of: RunIdentity([("benchmark", name)]))
  }

  /// Rounds while others hold connections, and until these are closed.
  private func intrude(
    _ intruders: Intruders, _ coordinator: Coordinator<FederatedAveraging>, _ measurement: inout Measurement
  ) async throws {
    let process = try Command.start(.intruders(intruders))
    defer { process.terminate() }
    var beside: [Double] = []
    while process.isRunning { beside += try await Self.seconds(1, of: coordinator) }
    measurement.roundsBesideIntruders = Measurement.Rounds(beside)
    measurement.intruders = try process.report(Intruders.Report.self)
    measurement.roundsAfterIntruders = try await Self.time(rounds, of: coordinator)
  }

  /// The first rounds open connections' windows and send programs; they are left out.
  private static func time(
    _ count: Int, of coordinator: Coordinator<FederatedAveraging>
  ) async throws -> Measurement.Rounds {
    _ = try await seconds(min(3, count - 1), of: coordinator)
    return Measurement.Rounds(try await seconds(max(count - 3, 1), of: coordinator))
  }

  private static func seconds(_ count: Int, of coordinator: Coordinator<FederatedAveraging>) async throws -> [Double] {
    var seconds: [Double] = []
    var last = ContinuousClock.now
    for _ in 0..<count {
      guard let record = try await coordinator.nextRound() else {
        throw FluxionError(.invalidArgument, "the run ended before its last round was timed")
      }
      guard record.bytesUp > 0 else {
        throw FluxionError(.invalidArgument, "round \(record.round) has no update")
      }
      let now = ContinuousClock.now
      seconds.append((now - last) / .seconds(1))
      last = now
    }
    return seconds
  }
}
