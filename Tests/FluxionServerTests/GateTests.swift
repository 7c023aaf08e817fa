import FluxionCalculus
@testable import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import Foundation
import GRPCCore
import SwiftProtobuf
import Testing

@Suite("What a server takes from its clients", .timeLimit(.minutes(10)))
struct GateTests {
  private static let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16))

  /// One way of not being honest, and a part of the sentence that it earns.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let reason: String
    let spoil: @Sendable (inout Fluxion_V1_Update, inout [Float]) -> Void
    /// Applied once the body is declared.
    var spoilDeclared: @Sendable (inout Fluxion_V1_Update) -> Void = { _ in }

    static let all = [
      Fault(testDescription: "NaN", reason: "value 3 of the update is nan") { $1[3] = .nan },
      Fault(testDescription: "infinity", reason: "value 0 of the update is -inf") { $1[0] = -.infinity },
      Fault(testDescription: "an enormous value", reason: "norm") { $1[5] = 1e38 },
      Fault(testDescription: "a value too many", reason: "values, not") { $1.append(0) },
      Fault(testDescription: "no values", reason: "values, not 0") { $1.removeAll() },
      Fault(testDescription: "other bytes than declared", reason: "SHA-256") { _, _ in
      } spoilDeclared: {
        $0.body.sha256[0] ^= 1
      },
      Fault(testDescription: "an absurd declaration", reason: "bytes, not") { _, _ in
      } spoilDeclared: {
        $0.body.byteCount = 1 << 62
      },
      Fault(testDescription: "another vector", reason: "vectors") { _, _ in
      } spoilDeclared: {
        $0.body.vectors[0].name = "parameters"
      },
      Fault(testDescription: "a trillion samples", reason: "samples") { update, _ in
        update.samples = 1_000_000_000_000
      },
      Fault(testDescription: "no samples", reason: "samples") { update, _ in update.samples = 0 },
      Fault(testDescription: "a negative count", reason: "samples") { update, _ in
        update.samples = UInt64(bitPattern: -5)
      },
      Fault(testDescription: "more samples than it said", reason: "now claims") { update, _ in update.samples += 1 },
      Fault(testDescription: "a loss that is none", reason: "training loss") { update, _ in update.lossSum = .nan },
      Fault(testDescription: "negative time", reason: "seconds") { update, _ in update.seconds = -1 },
      Fault(testDescription: "a figure that is none", reason: "figure") { update, _ in
        update.figures["x"] = .infinity
      },
      Fault(testDescription: "a vector that is none", reason: "vector x") { update, _ in
        update.vectors["x"] = .with { $0.values = [1, .nan] }
      },
    ]
  }

  @Test("a spoilt update is refused with its reason, and the round goes on without it", arguments: Fault.all)
  func spoilt(fault: Fault) async throws {
    var federation = try Federation(Self.algorithm)
    federation.rounds = 1
    federation.quorum = 0.6
    federation.maximumNorm = 1000
    let fixed = federation
    let outcome = try await fixed.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in [0, 2] { group.addTask { try await fixed.client(party, port).run() } }
        group.addTask {
          try await Talk.open(port) { (talk: inout Talk) async throws in
            talk.greet(fixed.partition.name(of: 1), fixed.partition[1])
            let (task, ready) = try #require(try await talk.task())
            var (update, values) = try work(task, ready, fixed.partition[1])
            fault.spoil(&update, &values)
            let body = OutgoingBody([("update", values)])
            update.body = body.declaration
            fault.spoilDeclared(&update)
            talk.send(update, body)
            let verdict = try #require(try await talk.verdict())
            #expect(verdict.kind == .refused)
            #expect(verdict.task == task.task)
            #expect(verdict.reason.contains(fault.reason), "\(verdict.reason)")
            try await talk.wait()
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.stopReason == .completed)
    #expect(outcome.records.map { $0.parties.map(\.party) } == [[0, 2]])
    let refusals = outcome.entries.compactMap { entry -> ClientFailure? in
      if case .updateRefused(round: 1, client: 1, let failure) = entry { failure } else { nil }
    }
    #expect(refusals.count == 1)
    #expect(refusals.first?.reason.contains(fault.reason) == true)
    #expect(outcome.parameters.values.allSatisfy { $0.isFinite })
  }

  @Test("reports of another run, round or task are refused, and the right one still counts")
  func misplaced() async throws {
    let federation = try Federation(Self.algorithm)
    let outcome = try await federation.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in [0, 2] { group.addTask { try await federation.client(party, port).run() } }
        group.addTask {
          try await Talk.open(port) { (talk: inout Talk) async throws in
            talk.greet(federation.partition.name(of: 1), federation.partition[1])
            while let (task, ready) = try await talk.task() {
              let (update, values) = try work(task, ready, federation.partition[1])
              let body = OutgoingBody([("update", values)])
              let misplaced: [(WritableKeyPath<Fluxion_V1_Update, UInt64>, UInt64, Fluxion_V1_Verdict.Kind)] = [
                (\.round, update.round + 1, .refused), (\.round, 0, .refused), (\.task, task.task + 1, .refused),
                (\.task, task.task - 100, .late), (\.task, 0, .refused), (\.round, .max, .refused),
              ]
              for (path, value, kind) in misplaced {
                var other = update
                other[keyPath: path] = value
                talk.send(other, body)
                #expect(try #require(try await talk.verdict()).kind == kind)
              }
              var other = update
              other.run = "another"
              talk.send(other, body)
              #expect(try #require(try await talk.verdict()).reason.contains("run another"))
              talk.send(update, body)
              #expect(try #require(try await talk.verdict()).kind == .accepted)
            }
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.parameters.bits == (try await federation.run(.inProcess)).parameters.bits)
  }

  @Test("a report that is sent twice, also on another stream, gets one answer and counts once")
  func twice() async throws {
    let federation = try Federation(Self.algorithm)
    let outcome = try await federation.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in [0, 2] { group.addTask { try await federation.client(party, port).run() } }
        group.addTask {
          for round in 1...federation.rounds {
            try await Talk.open(port) { (talk: inout Talk) async throws in
              talk.greet(federation.partition.name(of: 1), federation.partition[1])
              let (task, ready) = try #require(try await talk.task())
              let (update, values) = try work(task, ready, federation.partition[1])
              let body = OutgoingBody([("update", values)])
              talk.send(update, body)
              talk.send(update, body)
              // Told once the round is on record: once, or twice if the repeat comes after that.
              #expect(try #require(try await talk.verdict()).kind == .accepted)
              // After the last round there is no server any more.
              guard round < federation.rounds else { return }
              try await Talk.open(port) { (again: inout Talk) async throws in
                again.greet(federation.partition.name(of: 1), federation.partition[1])
                again.send(update, body)
                #expect(try #require(try await again.verdict()).kind == .accepted)
              }
            }
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.records.map { $0.parties.map(\.party) } == Array(repeating: [0, 1, 2], count: 3))
    let accepted = outcome.entries.reduce(0) { count, entry in
      if case .updatesAccepted(let reports) = entry { count + reports.count } else { count }
    }
    #expect(accepted == 9)
    #expect(outcome.parameters.bits == (try await federation.run(.inProcess)).parameters.bits)
  }

  @Test("a client that says it has no update is waited for no longer")
  func failure() async throws {
    var federation = try Federation(Self.algorithm)
    federation.rounds = 1
    federation.quorum = 0.5
    let fixed = federation
    let outcome = try await fixed.serve { port, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in [0, 2] { group.addTask { try await fixed.client(party, port).run() } }
        group.addTask {
          try await Talk.open(port) { (talk: inout Talk) async throws in
            talk.greet(fixed.partition.name(of: 1), fixed.partition[1])
            let (task, _) = try #require(try await talk.task())
            talk.send(.failure(Fluxion_V1_Failure(task, FluxionError(.diverged, "it went wrong"))))
            #expect(try #require(try await talk.verdict()).kind == .noted)
            try await talk.wait()
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    #expect(outcome.records.map { $0.parties.map(\.party) } == [[0, 2]])
    #expect(outcome.entries.contains(.updateRefused(round: 1, client: 1, ClientFailure(.diverged, "it went wrong"))))
  }
}
