import FluxionCalculus
@testable import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import GRPCCore
import Testing

@Suite("Connections that come and go", .timeLimit(.minutes(10)))
struct ConnectionTests {
  private static let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16))

  @Test("a client that is cut off in every round comes back and finishes it, to the same bits")
  func comesBack() async throws {
    let federation = try Federation(Self.algorithm)
    let outcome = try await federation.serve { port, transport in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in 0..<federation.partition.count {
          let client = try federation.client(party, port)
          group.addTask { try await client.run() }
          guard party > 0 else { continue }
          group.addTask {
            var cuts = 0
            for await progress in client.progress {
              switch progress {
              // One before it has anything to say, the other when it is about to. Not in the last round, after which
              // there may be no server to come back to.
              case .training(let round) where party == 1 && round < federation.rounds,
                .trained(let round, _) where party == 2 && round < federation.rounds:
                transport.disconnect(party)
                cuts += 1
              default: break
              }
            }
            #expect(cuts == federation.rounds - 1)
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.parameters.bits == (try await federation.run(.inProcess)).parameters.bits)
    #expect(outcome.records.map { $0.parties.map(\.party) } == Array(repeating: [0, 1, 2], count: 3))
  }

  @Test("a client that dies in the middle of its update is sent the task again when it is back")
  func dies() async throws {
    let federation = try Federation(Self.algorithm)
    let outcome = try await federation.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in [0, 2] { group.addTask { try await federation.client(party, port).run() } }
        group.addTask {
          let first = try await Talk.open(port) { (talk: inout Talk) async throws in
            talk.greet(federation.partition.name(of: 1), federation.partition[1])
            let (task, ready) = try #require(try await talk.task())
            let values: [Float]
            var update: Fluxion_V1_Update
            (update, values) = try work(task, ready, federation.partition[1])
            let body = OutgoingBody([("update", values)], inlineLimit: 0)
            update.body = body.declaration
            talk.send(.update(update))
            for chunk in body.chunks(of: 100).prefix(3) { talk.send(.chunk(chunk)) }
            return task
          }
          try await Talk.open(port) { (talk: inout Talk) async throws in
            talk.greet(federation.partition.name(of: 1), federation.partition[1])
            let (task, ready) = try #require(try await talk.task())
            #expect(task == first)
            let (update, values) = try work(task, ready, federation.partition[1])
            talk.send(update, OutgoingBody([("update", values)]))
            #expect(try #require(try await talk.verdict()).kind == .accepted)
          }
          try await federation.client(1, port).run()
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.parameters.bits == (try await federation.run(.inProcess)).parameters.bits)
  }

  @Test("a client that stops in the middle of its update keeps its place for a short time only")
  func stalls() async throws {
    var configuration = try GRPCTransport.Configuration(parties: ["a"], run: "test")
    (configuration.partTimeout, configuration.updateTimeout) = (.milliseconds(50), .seconds(3600))
    let transport = try GRPCTransport(.digits, input: [8, 8, 1], configuration)
    let parameters = try LearningTask.digits.initialParameters(input: [8, 8, 1], key: RandomKey(seed: 1))
    let data = try Dataset.digits().all
    try await FederationServer(transport).serve { (port: Int) async throws -> Void in
      await #expect {
        try await Talk.open(port) { (talk: inout Talk) async throws in
          talk.greet("a", data)
          _ = try await talk.next()
          try transport.train(
            TrainingRequest(
              round: 1, clients: [0], plan: RoundPlan(work: .training(.sgd(learningRate: 0.1, batchSize: 500))),
              parameters: parameters, key: RandomKey(seed: 2))
          ) { _ in }
          let (task, _) = try #require(try await talk.task())
          let metrics = ClientMetrics(samples: data.count, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
          let body = OutgoingBody([("update", parameters.values)], inlineLimit: 0)
          talk.send(.update(Fluxion_V1_Update(task, metrics, body: body.declaration)))
          for chunk in body.chunks(of: 100).prefix(3) { talk.send(.chunk(chunk)) }
          try await talk.wait()
        }
      } throws: { ($0 as? RPCError)?.code == .deadlineExceeded }
    }
  }

  /// A hello that the server does not take, and a part of the sentence that says why.
  struct Stranger: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: RPCError.Code
    let reason: String
    let change: @Sendable (inout Fluxion_V1_Hello) -> Void

    static let all = [
      Stranger(testDescription: "nobody's name", code: .permissionDenied, reason: "no party") { $0.name = "nobody" },
      Stranger(testDescription: "no name", code: .invalidArgument, reason: "name") { $0.name = "" },
      Stranger(testDescription: "a long name", code: .invalidArgument, reason: "128 bytes") {
        $0.name = String(repeating: "x", count: 1000)
      },
      Stranger(testDescription: "another version", code: .unimplemented, reason: "version 2") {
        $0.protocolVersion = 2
      },
      Stranger(testDescription: "old programs", code: .unimplemented, reason: "format") { $0.programFormat = 0 },
      Stranger(testDescription: "another run", code: .failedPrecondition, reason: "not other") { $0.run = "other" },
      Stranger(testDescription: "no samples", code: .invalidArgument, reason: "samples") { $0.samples = 0 },
      Stranger(testDescription: "too many samples", code: .invalidArgument, reason: "samples") {
        $0.samples = 1_000_000_000_000
      },
      Stranger(testDescription: "other examples", code: .failedPrecondition, reason: "shape") {
        $0.exampleShape = [3]
      },
      Stranger(testDescription: "absurd examples", code: .invalidArgument, reason: "features") {
        $0.exampleShape = [1 << 30, 1 << 30, 1 << 30]
      },
      Stranger(testDescription: "more classes", code: .failedPrecondition, reason: "classes") { $0.classes = 11 },
      Stranger(testDescription: "no classes", code: .failedPrecondition, reason: "classes") { $0.classes = 0 },
    ]
  }

  @Test("a server says why it does not take a client in", arguments: Stranger.all)
  func refuses(stranger: Stranger) async throws {
    let federation = try Federation(Self.algorithm)
    let data = federation.partition[0]
    let transport = try GRPCTransport(
      federation.task, input: data.dataset.exampleShape, .init(parties: federation.partition.names, run: "test"))
    try await FederationServer(transport).serve { port in
      let error = await #expect(throws: RPCError.self) {
        try await Talk.open(port) { (talk: inout Talk) async throws in
          var hello = Introduction(
            name: federation.partition.name(of: 0), samples: data.count, exampleShape: data.dataset.exampleShape,
            classCount: data.dataset.classCount
          ).message
          stranger.change(&hello)
          talk.send(.hello(hello))
          try await talk.wait()
        }
      }
      #expect(error?.code == stranger.code)
      #expect(error?.message.contains(stranger.reason) == true, "\(error?.message ?? "")")
    }
    #expect(transport.connectedParties.isEmpty)
  }

  @Test("a client that is refused, and one that finds nobody, end with a sentence")
  func sentences() async throws {
    let federation = try Federation(Self.algorithm)
    let data = federation.partition[0]
    let transport = try GRPCTransport(
      federation.task, input: data.dataset.exampleShape, .init(parties: ["somebody else"]))
    let port = try await FederationServer(transport).serve { port in
      let error = await #expect(throws: FluxionError.self) { try await federation.client(0, port).run() }
      #expect(error?.message.contains("no party of this federation") == true)
      return port
    }
    var configuration = FederatedClient.Configuration(name: "a", port: port)
    configuration.maximumAttempts = 2
    configuration.backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(1))
    let client = try FederatedClient(configuration, data: data)
    let error = await #expect(throws: FluxionError.self) { try await client.run() }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("2 attempts") == true)
  }

  @Test("without encryption nobody listens or joins beyond the loopback interface")
  func loopbackOnly() async throws {
    let federation = try Federation(Self.algorithm)
    let data = federation.partition[0]
    let transport = try GRPCTransport(federation.task, input: data.dataset.exampleShape, .init(parties: ["a"]))
    await #expect(throws: FluxionError.self) {
      try await FederationServer(transport).serve(host: "0.0.0.0") { _ in }
    }
    #expect(throws: FluxionError.self) {
      try FederatedClient(.init(name: "a", host: "192.0.2.1", port: 7117), data: data)
    }
  }
}
