import FluxionCalculus
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
import FluxionWire
import Foundation
import GRPCCore
import SwiftProtobuf
import Synchronization
import Testing

@testable import FluxionClient
@testable import FluxionServer

/// One party sends what is at a limit, another what is one over, and the server serves both and whoever comes then.
@Suite("Limits of what a server takes", .timeLimit(.minutes(10)))
struct LimitTests {
  private static let long = String(repeating: "n", count: WireLimits.nameByteCount)
  private static let run = String(repeating: "r", count: WireLimits.runByteCount)
  private static let samples = 40
  private static let chunkByteCount = 1000

  /// A server in the middle of a round, which takes what can be folded in.
  private final class Server: Sendable {
    let transport: GRPCTransport
    let data: DatasetView
    let failures = Mutex<[ClientFailure]>([])

    init() throws {
      var configuration = try GRPCTransport.Configuration(parties: ["a", LimitTests.long, "c"], run: LimitTests.run)
      configuration.chunkByteCount = LimitTests.chunkByteCount
      configuration.updatesAtOnce = 1
      // A busy machine is not what is tested.
      (configuration.partTimeout, configuration.updateTimeout) = (.seconds(3600), .seconds(3600))
      configuration.maximumSamples = LimitTests.samples
      transport = try GRPCTransport(.digits, input: [8, 8, 1], configuration)
      data = try Dataset.digits().subset(0..<LimitTests.samples)
      let parameters = try LearningTask.digits.initialParameters(input: [8, 8, 1], key: RandomKey(seed: 1))
      try transport.train(
        TrainingRequest(
          round: 1, clients: [0, 1, 2],
          plan: RoundPlan(work: .training(.sgd(learningRate: 0.1, batchSize: LimitTests.samples))),
          parameters: parameters, key: RandomKey(seed: 2))
      ) { [self] batch in
        let verdicts = batch.reports.map { report -> Verdict in
          guard case .failed(let failure) = report.outcome else { return .accepted }
          failures.withLock { $0.append(failure) }
          return .refused(failure)
        }
        batch.updates.answer(verdicts)
        transport.roundRecorded(1)
      }
    }

    func serve(_ body: (_ port: Int) async throws -> Void) async throws {
      try await FederationServer(transport).serve(body)
    }

    /// As the party `name`, which has an update of zeros once it has been changed.
    func report(
      _ name: String, _ port: Int, _ change: @escaping @Sendable (inout Fluxion_V1_Update) -> Void = { _ in }
    ) async throws -> Fluxion_V1_Verdict? {
      try await Talk.open(port) { [self] (talk: inout Talk) async throws in
        talk.greet(name, data)
        let (task, ready) = try #require(try await talk.task())
        let body = OutgoingBody(
          [("update", [Float](repeating: 0, count: ready.parameters.count))], inlineLimit: 0)
        let metrics = ClientMetrics(samples: data.count, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
        var update = Fluxion_V1_Update(task, metrics, body: body.declaration)
        change(&update)
        talk.send(.update(update))
        for chunk in body.chunks(of: LimitTests.chunkByteCount) { talk.send(.chunk(chunk)) }
        return try await talk.verdict()
      }
    }
  }

  /// Something in an update that has a limit, and a part of the sentence that says so.
  struct Limit: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let reason: String
    /// By so many over it.
    let set: @Sendable (inout Fluxion_V1_Update, _ over: Int) -> Void

    static let all = [
      Limit(testDescription: "figures", reason: "up to 256 figures, not 257") { update, over in
        for index in 0..<(WireLimits.figures + over) { update.figures["\(index)"] = 1 }
      },
      Limit(testDescription: "a figure's name", reason: "up to 128 bytes, not 129") { update, over in
        update.figures[String(repeating: "x", count: WireLimits.nameByteCount + over)] = 1
      },
      Limit(testDescription: "vectors", reason: "up to 64 vectors, not 65") { update, over in
        for index in 0..<(WireLimits.vectors + over) { update.vectors["\(index)"] = .with { $0.values = [1] } }
      },
      Limit(testDescription: "a vector's name", reason: "up to 128 bytes, not 129") { update, over in
        update.vectors[String(repeating: "x", count: WireLimits.nameByteCount + over)] = .init()
      },
      Limit(testDescription: "values of vectors", reason: "up to 262144 values") { update, over in
        update.vectors["x"] = .with { $0.values = [Float](repeating: 1, count: WireLimits.vectorValues + over) }
      },
      Limit(testDescription: "the norm of a vector", reason: "norm of up to 1e+18") { update, over in
        update.vectors["x"] = .with { $0.values = [over == 0 ? 1e18 : Float(1e18).nextUp] }
      },
      Limit(testDescription: "samples", reason: "from 1 to 40, not 41") { $0.samples += UInt64($1) },
      Limit(testDescription: "steps", reason: "number of steps") { $0.steps = 1 << 40 + UInt64($1) },
      Limit(testDescription: "losses", reason: "number of losses") { $0.lossCount = 1 << 40 + UInt64($1) },
      Limit(testDescription: "bytes of the body", reason: "bytes, not") { $0.body.byteCount += UInt64($1) },
      Limit(testDescription: "values of the body", reason: "values, not") { $0.body.vectors[0].count += UInt64($1) },
      Limit(testDescription: "a digest", reason: "32 bytes, not 33") { $0.body.sha256 += Data(count: $1) },
      Limit(testDescription: "a run's name", reason: "up to 64 bytes, not 65") { update, over in
        update.run += String(repeating: "r", count: over)
      },
    ]
  }

  @Test("an update at a limit counts, and one over is refused and says why", arguments: Limit.all)
  func update(_ limit: Limit) async throws {
    let server = try Server()
    try await server.serve { port in
      let over = try await server.report("a", port) { limit.set(&$0, 1) }
      #expect(over?.kind == .refused && over?.reason.contains(limit.reason) == true, "\(over as Any)")
      let at = try await server.report(Self.long, port) { limit.set(&$0, 0) }
      #expect(at?.kind == .accepted, "\(at as Any)")
    }
  }

  /// Where an absurd number may stand.
  enum Absurdity {
    static let all: [@Sendable (inout Fluxion_V1_Update, UInt64) -> Void] = [
      { $0.body.byteCount = $1 }, { $0.body.vectors[0].count = $1 }, { $0.samples = $1 }, { $0.steps = $1 },
      { $0.lossCount = $1 }, { $0.round = $1 }, { $0.task = $1 },
      { ($0.body.byteCount, $0.body.vectors[0].count) = ($1, $1 / 4) },
      { update, _ in update.body.vectors = Array(repeating: .init(), count: 1_000_000) },
    ]
  }

  @Test("an absurd number is refused, wherever it stands", arguments: Absurdity.all.indices, [1 << 62, 1 << 63, .max])
  func absurd(_ index: Int, _ number: UInt64) async throws {
    let server = try Server()
    try await server.serve { port in
      let verdict = try await server.report("a", port) { Absurdity.all[index](&$0, number) }
      #expect(verdict?.kind == .refused && verdict?.reason.isEmpty == false, "\(verdict as Any)")
      let next = try await server.report("c", port)
      #expect(next?.kind == .accepted)
    }
  }

  @Test("who may send a large update, and has something else to say by then, gives the place back")
  func givesBack() async throws {
    let server = try Server()
    try await server.serve { port in
      try await Talk.open(port) { (talk: inout Talk) async throws in
        talk.greet("a", server.data)
        let (task, ready) = try #require(try await talk.task())
        let body = OutgoingBody(
          [("update", [Float](repeating: 0, count: ready.parameters.count))], inlineLimit: 0)
        let metrics = ClientMetrics(samples: server.data.count, steps: 1, lossSum: 1, lossCount: 1, seconds: 0)
        talk.send(.update(Fluxion_V1_Update(task, metrics, body: body.declaration)))
        var proceeded: UInt64?
        while proceeded == nil, let event = try await talk.next() {
          if case .proceed(let told) = event { proceeded = told }
        }
        #expect(proceeded == task.task)
        talk.send(.failure(Fluxion_V1_Failure(task, FluxionError(.unsupported, "not today"))))
        let noted = try await talk.verdict()
        #expect(noted?.kind == .noted)
        let verdict = try await server.report("c", port)
        #expect(verdict?.kind == .accepted)
      }
    }
  }

  @Test("an absurd declaration is refused at once, though another's update is still on its way")
  func waitsForNobody() async throws {
    let server = try Server()
    try await server.serve { port in
      try await Talk.open(port) { (slow: inout Talk) async throws in
        slow.greet("a", server.data)
        let (task, ready) = try #require(try await slow.task())
        let (honest, values) = try work(task, ready, server.data)
        let body = OutgoingBody([("update", values)], inlineLimit: 0)
        var update = honest
        update.body = body.declaration
        let chunks = Array(body.chunks(of: 500))
        slow.send(.update(update))
        slow.send(.chunk(chunks[0]))
        let verdict = try await server.report("c", port) { $0.body.byteCount = 1 << 63 }
        #expect(verdict?.kind == .refused)
        for chunk in chunks.dropFirst() { slow.send(.chunk(chunk)) }
        #expect(try await slow.verdict()?.kind == .accepted)
      }
    }
  }

  /// A hello by which its party is taken in only as it is.
  struct Greeting: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: RPCError.Code
    let reason: String
    let spoil: @Sendable (inout Fluxion_V1_Hello) -> Void

    static let all = [
      Greeting(testDescription: "a name", code: .invalidArgument, reason: "up to 128 bytes, not 129") {
        $0.name += "n"
      },
      Greeting(testDescription: "a run's name", code: .invalidArgument, reason: "up to 64 bytes, not 65") {
        $0.run += "r"
      },
      Greeting(testDescription: "samples", code: .failedPrecondition, reason: "up to 40 samples, not 41") {
        $0.samples += 1
      },
      Greeting(testDescription: "axes", code: .invalidArgument, reason: "up to 8 axes of an example, not 9") {
        $0.exampleShape += Array(repeating: 1, count: 6)
      },
      Greeting(testDescription: "absurd samples", code: .invalidArgument, reason: "samples") { $0.samples = 1 << 63 },
      Greeting(testDescription: "absurd axes", code: .invalidArgument, reason: "axis") { $0.exampleShape[0] = 1 << 63 },
      Greeting(testDescription: "a million axes", code: .invalidArgument, reason: "axes") {
        $0.exampleShape = Array(repeating: 1, count: 1_000_000)
      },
      Greeting(testDescription: "absurd classes", code: .invalidArgument, reason: "classes") { $0.classes = 1 << 63 },
      Greeting(testDescription: "an absurd place", code: .invalidArgument, reason: "a place") { $0.place = 1 << 63 },
    ]
  }

  @Test("a hello at all limits is answered, and one over any of them is refused", arguments: Greeting.all)
  func hello(_ greeting: Greeting) async throws {
    let server = try Server()
    let hello = Introduction(
      name: Self.long, run: Self.run, samples: Self.samples, exampleShape: [8, 8, 1], classCount: 10, taskInHand: .max
    ).message
    try await server.serve { port in
      let error = await #expect(throws: RPCError.self) {
        try await Talk.open(port) { (talk: inout Talk) async throws in
          var spoilt = hello
          greeting.spoil(&spoilt)
          talk.send(.hello(spoilt))
          try await talk.wait()
        }
      }
      #expect(error?.code == greeting.code && error?.message.contains(greeting.reason) == true, "\(error as Any)")
      let answer = try await Talk.open(port) { (talk: inout Talk) async throws in
        talk.send(.hello(hello))
        return try await talk.next()
      }
      guard case .joined = answer else { return #expect(Bool(false), "\(answer as Any)") }
      let next = try await server.report("c", port)
      #expect(next?.kind == .accepted)
    }
  }

  /// Bytes that no client sends.
  enum Noise: String, CaseIterable {
    case longMessage = "a message one byte over the limit"
    case longChunk = "a chunk one byte over the limit"
    case declared = "an update of 2⁶³ bytes"
    case nested = "a vector of 2⁶³ bytes in a body in an update"
    case packed = "a shape of 2³² bytes in a hello"
    case groups = "four million groups in one another"
    case random = "random bytes"
    case empty = "nothing"

    func bytes() throws -> [UInt8] {
      switch self {
      case .longMessage: return try LimitTests.padded(Fluxion_V1_ClientMessage(), to: WireLimits.messageByteCount + 1)
      case .longChunk:
        return try Fluxion_V1_ClientMessage.with { $0.chunk.data = Data(count: LimitTests.chunkByteCount + 1) }
          .serializedBytes()
      case .declared: return [0x12] + Self.huge
      case .nested: return [0x12, 14, 0x22, 12, 0x1a] + Self.huge + [0]
      case .packed: return [0x0a, 7, 0x2a, 0x80, 0x80, 0x80, 0x80, 0x10, 1]
      case .groups: return [UInt8](repeating: 0x3b, count: WireLimits.messageByteCount)
      case .random:
        var generator = RandomKey(seed: 9).generator()
        return [0xff] + (0..<100).map { _ in .random(in: 0...255, using: &generator) }
      case .empty: return []
      }
    }

    /// 2⁶³.
    private static let huge = [UInt8](repeating: 0x80, count: 9) + [1]
  }

  /// A message with a field that nobody knows, so long that all has a given size.
  static func padded(_ message: some Message, to count: Int) throws -> [UInt8] {
    let known: [UInt8] = try message.serializedBytes()
    // Field 1000: a tag of two bytes, a length of four or three.
    var rest = count - known.count - 2 - 4
    if rest < 1 << 21 { rest += 1 }
    var length: [UInt8] = []
    var left = rest
    while left >= 0x80 {
      length.append(UInt8(left & 0x7f) | 0x80)
      left >>= 7
    }
    return known + [0xc2, 0x3e] + length + [UInt8(left)] + [UInt8](repeating: 7, count: rest)
  }

  @Test(
    "what is no message, or too long for one, ends the stream of who sent it and nothing else",
    arguments: Noise.allCases, [false, true])
  func noise(_ noise: Noise, isGreeted: Bool) async throws {
    let server = try Server()
    let bytes = try noise.bytes()
    try await server.serve { port in
      let error = await #expect(throws: RPCError.self) {
        try await Talk.open(port) { (talk: inout Talk) async throws in
          if isGreeted {
            talk.greet("a", server.data)
            _ = try await talk.task()
          }
          talk.send(bytes: bytes)
          try await talk.wait()
        }
      }
      let expected: Set<RPCError.Code> =
        switch noise {
        case .longMessage: [.resourceExhausted, .internalError, .unavailable, .unknown]
        case .empty: isGreeted ? [.unimplemented] : [.invalidArgument]
        default: [.invalidArgument]
        }
      #expect(error.map { expected.contains($0.code) && !$0.message.isEmpty } == true, "\(error as Any)")
      let next = try await server.report("c", port)
      #expect(next?.kind == .accepted)
    }
  }

  @Test("a message at the limit is read")
  func longestMessage() async throws {
    let server = try Server()
    let hello = Introduction(name: "a", samples: Self.samples, exampleShape: [8, 8, 1], classCount: 10).message
    let bytes = try Self.padded(
      Fluxion_V1_ClientMessage.with { $0.hello = hello }, to: WireLimits.messageByteCount)
    #expect(bytes.count == WireLimits.messageByteCount)
    try await server.serve { port in
      let answer = try await Talk.open(port) { (talk: inout Talk) async throws in
        talk.send(bytes: bytes)
        return try await talk.next()
      }
      guard case .joined = answer else { return #expect(Bool(false), "\(answer as Any)") }
    }
  }

  @Test("a reason is kept up to its limit, and cut beyond", arguments: [0, 1])
  func reason(_ over: Int) async throws {
    let server = try Server()
    let reason = String(repeating: "y", count: WireLimits.reasonByteCount + over)
    try await server.serve { port in
      let verdict = try await Talk.open(port) { (talk: inout Talk) async throws in
        talk.greet("a", server.data)
        let (task, _) = try #require(try await talk.task())
        var failure = Fluxion_V1_Failure(task, FluxionError(.diverged, ""))
        failure.reason = reason
        talk.send(.failure(failure))
        return try await talk.verdict()
      }
      #expect(verdict?.kind == .noted)
      #expect(server.failures.withLock { $0.map(\.reason.utf8.count) } == [WireLimits.reasonByteCount])
    }
  }
}
