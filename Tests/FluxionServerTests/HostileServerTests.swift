import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionWire
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import Synchronization
import Testing

@testable import FluxionClient
@testable import FluxionServer

@Suite("Limits of what a client takes from its server", .timeLimit(.minutes(10)))
struct HostileServerTests {
  /// What a server says in a run of one round.
  struct Script: Sendable {
    var welcome = Fluxion_V1_Welcome()
    var programs: [Fluxion_V1_Program] = []
    var task = Fluxion_V1_Task()
    var chunks: [Fluxion_V1_Chunk] = []
    /// In the place of everything, if it is set.
    var bytes: [UInt8]?

    static let input: Shape = [8, 8, 1]

    static func program(batchSize: Int) throws -> Fluxion_V1_Program {
      let training = LocalTraining.sgd(learningRate: 0.1, batchSize: batchSize)
      return EncodedProgram(try training.steps(of: .digits, input: input)(batchSize).program).message
    }

    /// As an honest server says it, with as many programs as there may be, and the model in one chunk, which may not be
    /// longer.
    static func honest() throws -> Script {
      let parameters = try LearningTask.digits.initialParameters(input: input, key: RandomKey(seed: 1))
      let plan = RoundPlan(work: .training(.sgd(learningRate: 0.1, batchSize: samples)))
      let request = TrainingRequest(
        round: 1, clients: [0], plan: plan, parameters: parameters, key: RandomKey(seed: 2))
      let parcel = try ProgramLibrary(.digits, input: input)
        .parcel(HandOut(task: 1, request: request) { _ in }, for: 0, samples: samples)
      var script = Script()
      script.welcome.protocolVersion = WireLimits.protocolVersion
      script.welcome.run = String(repeating: "r", count: WireLimits.runByteCount)
      let body = OutgoingBody([("parameters", parameters.values)], inlineLimit: 0)
      script.welcome.chunkBytes = UInt64(body.byteCount)
      script.programs =
        try (1..<WireLimits.programs).map { try program(batchSize: samples + $0) } + parcel.programs.map(\.message)
      script.task = parcel.assignment.message(body: body.declaration)
      script.chunks = Array(body.chunks(of: body.byteCount))
      return script
    }

    static let samples = 8

    func messages() throws -> [[UInt8]] {
      func message(_ kind: Fluxion_V1_ServerMessage.OneOf_Kind) -> Fluxion_V1_ServerMessage { .with { $0.kind = kind } }
      let welcome = try LimitTests.padded(message(.welcome(welcome)), to: WireLimits.messageByteCount)
      if let bytes { return [welcome, bytes] }
      let rest = programs.map { message(.program($0)) } + [message(.task(task))] + chunks.map { message(.chunk($0)) }
      return [welcome] + (try rest.map { try $0.serializedBytes() })
    }
  }

  /// Says what is in the script, hears one report, and says goodbye.
  private final class Impostor: RegistrableRPCService {
    let messages: [[UInt8]]
    let heard = Mutex<Fluxion_V1_ClientMessage?>(nil)

    init(_ messages: [[UInt8]]) { self.messages = messages }

    func registerMethods(with router: inout RPCRouter<some ServerTransport>) {
      router.registerHandler(
        forMethod: Fluxion_V1_Federation.Method.Join.descriptor, deserializer: RawBytes(), serializer: RawBytes()
      ) { request, _ in
        StreamingServerResponse { [self] writer in
          var reports = request.messages.makeAsyncIterator()
          _ = try await reports.next()
          for message in messages { try await writer.write(message) }
          if let report = try await reports.next() {
            let message = try Fluxion_V1_ClientMessage(serializedBytes: report)
            heard.withLock { $0 = message }
          }
          try await writer.write(Fluxion_V1_ServerMessage.with { $0.farewell.reason = "over" }.serializedBytes())
          return [:]
        }
      }
    }
  }

  /// A client that has heard the script, and what it reported.
  private func join(_ script: Script, memory: Int = 1 << 30) async throws -> (
    report: Fluxion_V1_ClientMessage?, error: FluxionError?
  ) {
    let impostor = Impostor(try script.messages())
    let server = GRPCServer(
      transport: HTTP2ServerTransport.Posix(
        address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext),
      services: [impostor])
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      let port = try #require(try await server.transport.listeningAddress.ipv4?.port)
      var configuration = FederatedClient.Configuration(name: "a", port: port)
      (configuration.maximumAttempts, configuration.maximumProgramMemory) = (1, memory)
      let client = try FederatedClient(configuration, data: Dataset.digits().subset(0..<Script.samples))
      var error: FluxionError?
      do { try await client.run() } catch let thrown as FluxionError { error = thrown }
      server.beginGracefulShutdown()
      group.cancelAll()
      return (impostor.heard.withLock { $0 }, error)
    }
  }

  @Test("what is at the limits is done: a message, a chunk, a name")
  func honest() async throws {
    let (report, error) = try await join(try Script.honest())
    #expect(report?.update.steps == 1 && error == nil, "\(report as Any) \(error as Any)")
  }

  /// One thing that is over its limit, and a part of the sentence that says so.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let reason: String
    let spoil: @Sendable (inout Script) throws -> Void

    /// After which the client has nothing more to do with this server.
    static let ends = [
      Fault(testDescription: "a message", reason: "Failed to decode message") {
        $0.bytes = try LimitTests.padded(Fluxion_V1_ServerMessage(), to: WireLimits.messageByteCount + 1)
      },
      Fault(testDescription: "a chunk", reason: "a chunk has up to") { $0.welcome.chunkBytes -= 1 },
      Fault(testDescription: "a program", reason: "a program has up to 4193280 bytes, not 4193281") {
        $0.programs[0].encoded = Data(count: WireLimits.programByteCount + 1)
      },
      Fault(testDescription: "programs", reason: "more than 16 programs") {
        $0.programs.insert(try Script.program(batchSize: 99), at: 0)
      },
      Fault(testDescription: "a run's name", reason: "names no run") { $0.welcome.run += "r" },
      Fault(testDescription: "an absurd place", reason: "names no run") { $0.welcome.client = 1 << 63 },
      Fault(testDescription: "no chunks", reason: "from 1 to 1048576 bytes, not 0") { $0.welcome.chunkBytes = 0 },
      Fault(testDescription: "a size of chunks", reason: "from 1 to 1048576 bytes, not 1048577") {
        $0.welcome.chunkBytes = UInt64(WireLimits.chunkByteCount) + 1
      },
      Fault(testDescription: "an absurd size of chunks", reason: "a chunk has from 1") {
        $0.welcome.chunkBytes = 1 << 63
      },
      Fault(testDescription: "columns", reason: "up to 65536 columns, not 65537") {
        $0.welcome.table.columns = Array(repeating: .init(), count: WireLimits.columns + 1)
      },
      Fault(testDescription: "a program of 2⁶³ bytes", reason: "ServerMessage") {
        $0.bytes = [0x12, 12, 0x12] + [UInt8](repeating: 0x80, count: 9) + [1, 0]
      },
      Fault(testDescription: "random bytes", reason: "ServerMessage") {
        $0.bytes = [UInt8](repeating: 0xf7, count: 99)
      },
      Fault(testDescription: "groups", reason: "ServerMessage") {
        $0.bytes = [UInt8](repeating: 0x4b, count: WireLimits.messageByteCount)
      },
    ]

    /// A task that the client says it cannot do.
    static let fails = [
      Fault(testDescription: "a round", reason: "a round is from") { $0.task.round = UInt64(WireLimits.rounds) + 1 },
      Fault(testDescription: "epochs", reason: "number of epochs") {
        $0.task.training.epochs = UInt64(WireLimits.epochs) + 1
      },
      Fault(testDescription: "absurd epochs", reason: "number of epochs") { $0.task.training.epochs = 1 << 63 },
      Fault(testDescription: "an absurd batch", reason: "the batch size is") { $0.task.training.batchSize = 1 << 63 },
      Fault(testDescription: "parameters", reason: "number of parameter tensors") {
        $0.task.training.step.parameters = 65_537
      },
      Fault(testDescription: "absurd parameters", reason: "number of parameter tensors") {
        $0.task.training.step.parameters = 1 << 63
      },
      Fault(testDescription: "state", reason: "up to 65536 tensors") {
        $0.task.training.step.state = Array(repeating: 0, count: WireLimits.stateTensors + 1)
      },
      Fault(testDescription: "hyperparameters", reason: "up to 256 hyperparameters, not 257") {
        $0.task.training.step.hyperparameters = Array(repeating: .init(), count: WireLimits.hyperparameters + 1)
      },
      Fault(testDescription: "a hyperparameter's name", reason: "up to 128 bytes, not 129") {
        $0.task.training.step.hyperparameters[0].name = String(repeating: "x", count: WireLimits.nameByteCount + 1)
      },
      Fault(testDescription: "programs of a task", reason: "up to 16 programs of a task, not 17") {
        $0.task.training.step.programs = Array(
          repeating: $0.task.training.step.programs[0], count: WireLimits.programs + 1)
      },
      Fault(testDescription: "an absurd batch of a program", reason: "batch size of a program") {
        $0.task.training.step.programs[0].batchSize = 1 << 63
      },
      Fault(testDescription: "a byte of the body", reason: "bytes, not") { $0.task.body.byteCount += 1 },
      Fault(testDescription: "an absurd body", reason: "bytes, not") { $0.task.body.byteCount = 1 << 63 },
      Fault(testDescription: "an absurd vector", reason: "values, not") { $0.task.body.vectors[0].count = 1 << 63 },
      Fault(testDescription: "a million vectors", reason: "the body has the vectors") {
        $0.task.body.vectors = Array(repeating: .init(), count: 1_000_000)
      },
    ]
  }

  @Test("one over a limit, and absurd sizes, end the connection with a sentence", arguments: Fault.ends)
  func ends(_ fault: Fault) async throws {
    var script = try Script.honest()
    try fault.spoil(&script)
    let (report, error) = try await join(script)
    #expect(report == nil)
    #expect(error?.message.contains(fault.reason) == true, "\(error as Any)")
  }

  @Test("a task over a limit is answered with a failure that says why, and the run goes on", arguments: Fault.fails)
  func fails(_ fault: Fault) async throws {
    var script = try Script.honest()
    try fault.spoil(&script)
    let (report, error) = try await join(script)
    #expect(report?.failure.reason.contains(fault.reason) == true, "\(report as Any)")
    #expect(error == nil)
  }

  @Test("a model is taken up to the memory that the client gives, and refused one byte over")
  func memory() async throws {
    let script = try Script.honest()
    let count = try LearningTask.digits.layout(input: Script.input).count
    let (report, _) = try await join(script, memory: 4 * count - 1)
    #expect(report?.failure.reason.contains("a model of \(count) parameters needs more") == true, "\(report as Any)")
    let (step, _) = try await join(script, memory: 4 * count)
    #expect(step?.failure.reason.contains("a step needs") == true, "\(step as Any)")
  }
}
