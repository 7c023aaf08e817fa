import FluxionCalculus
@testable import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionIdentity
import FluxionLearning
@testable import FluxionServer
import FluxionWire
import GRPCCore
import Testing

/// One of ten parties, over mutual TLS, does what no honest one does.
@Suite("A party that does not behave", .timeLimit(.minutes(10)))
struct MisbehaviourTests {
  private static let names = (0..<10).map { "party-\($0)" }
  private static let bad = 4

  private static func federation(rounds: Int) throws -> Federation<FederatedAveraging> {
    var federation = try Federation(
      FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16)), parties: 10)
    federation.rounds = rounds
    federation.quorum = 0.9
    federation.maximumNorm = 1000
    return federation
  }

  /// Nine honest parties, and the bad one as `body` has it.
  private func run(
    _ federation: Federation<FederatedAveraging>,
    _ body: @escaping @Sendable (_ port: Int, PartyIdentity, GRPCTransport) async throws -> Void
  ) async throws -> Federation<FederatedAveraging>.Outcome {
    let server = try SecureServer(parties: Self.names)
    return try await federation.serve(Self.names, security: server.security()) { port, transport in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for party in Self.names.indices where party != Self.bad {
          group.addTask {
            let (name, folder) = (Self.names[party], try server.folder(Self.names[party]))
            try await PartyEnrollment(host: "localhost", port: port).enroll(server.invite(name), in: folder)
            try await federation.client(party, port, name: name, security: .mutualTLS(folder)).run()
          }
        }
        group.addTask { try await body(port, server.party(Self.names[Self.bad]), transport) }
        try await group.waitUnlessOneFails()
      }
    }
  }

  /// The run of the nine: the tenth says each time that it has no update.
  private func honest(_ federation: Federation<FederatedAveraging>) async throws -> [UInt32] {
    try await run(federation) { port, identity, _ in
      try await Talk.open(port, as: identity) { (talk: inout Talk) async throws in
        talk.greet(Self.names[Self.bad], federation.partition[Self.bad])
        while let (task, _) = try await talk.task() {
          talk.send(.failure(Fluxion_V1_Failure(task, FluxionError(.unsupported, "not today"))))
        }
      }
    }.parameters.bits
  }

  @Test("changes nothing, whatever it sends and however often: the model is that of the other nine")
  func everyFault() async throws {
    let faults = GateTests.Fault.all
    var federation = try Self.federation(rounds: faults.count)
    federation.maximumRefusals = .max
    let fixed = federation
    let outcome = try await run(fixed) { port, identity, _ in
      try await Talk.open(port, as: identity) { (talk: inout Talk) async throws in
        talk.greet(Self.names[Self.bad], fixed.partition[Self.bad])
        var next = try await talk.task()
        while let (task, ready) = next {
          next = nil
          let fault = faults[task.round - 1]
          var (update, values) = try work(task, ready, fixed.partition[Self.bad])
          fault.spoil(&update, &values)
          let body = OutgoingBody([("update", values)])
          update.body = body.declaration
          fault.spoilDeclared(&update)
          var verdicts = 0
          talk.send(update, body)
          // The round goes on without it, so the next task may come between the answers.
          while verdicts < 100 || next == nil, let event = try await talk.next() {
            switch event {
            case .verdict(let verdict):
              #expect(verdict.kind == .refused, "\(fault.testDescription): \(verdict)")
              verdicts += 1
              if verdicts < 100 { talk.send(update, body) }
            case .task(let arrived): next = (arrived.work.task, try arrived.task.get())
            case .joined, .proceed, .withdrawn, .farewell: break
            }
          }
          #expect(verdicts == 100 || task.round == faults.count)
        }
      }
    }
    #expect(outcome.stopReason == .completed)
    #expect(outcome.records.count == faults.count)
    #expect(outcome.records.allSatisfy { !$0.parties.map(\.party).contains(Self.bad) && $0.parties.count == 9 })
    #expect(outcome.parameters.bits == (try await honest(fixed)))
  }

  @Test("is shut out after too many refusals, told why, and waited for no longer")
  func quarantined() async throws {
    var federation = try Self.federation(rounds: 6)
    federation.maximumRefusals = 5
    let fixed = federation
    let outcome = try await run(fixed) { port, identity, transport in
      let reason = await #expect(throws: RPCError.self) {
        try await Talk.open(port, as: identity) { (talk: inout Talk) async throws in
          talk.greet(Self.names[Self.bad], fixed.partition[Self.bad])
          let (task, ready) = try #require(try await talk.task())
          var (update, values) = try work(task, ready, fixed.partition[Self.bad])
          values[0] = .nan
          let body = OutgoingBody([("update", values)])
          update.body = body.declaration
          for _ in 1...100 { talk.send(update, body) }
          try await talk.wait()
        }
      }
      #expect(reason?.code == .permissionDenied)
      #expect(reason?.message.contains("5 of its updates were refused") == true, "\(reason?.message ?? "")")
      #expect(reason?.message.contains("value 0 of the update is nan") == true, "\(reason?.message ?? "")")
      var (refusals, quarantine) = (0, "")
      // Which is the end of its connection, too.
      for await event in transport.events {
        if case .refused(_, Self.bad, _) = event { refusals += 1 }
        if case .quarantined(Self.bad, let reason) = event { quarantine = reason }
        if case .disconnected(Self.bad) = event { break }
      }
      // The first is in the journal.
      #expect(refusals == 4)
      #expect(quarantine.contains("nan"))
      let again = await #expect(throws: RPCError.self) {
        try await Talk.open(port, as: identity) { (talk: inout Talk) async throws in
          talk.greet(Self.names[Self.bad], fixed.partition[Self.bad])
          try await talk.wait()
        }
      }
      // Unless the run is over by now.
      #expect([.permissionDenied, .unavailable].contains(again?.code))
    }
    #expect(outcome.stopReason == .completed)
    #expect(outcome.parameters.bits == (try await honest(fixed)))
  }

  @Test("cannot be another, however often it tries")
  func impersonates() async throws {
    let federation = try Self.federation(rounds: 2)
    let outcome = try await run(federation) { port, identity, _ in
      for attempt in 0..<100 {
        let other = Self.names[(Self.bad + 1 + attempt % 9) % 10]
        let error = await #expect(throws: RPCError.self) {
          try await Talk.open(port, as: identity) { (talk: inout Talk) async throws in
            talk.greet(other, federation.partition[Self.bad])
            try await talk.wait()
          }
        }
        #expect(error?.code == .permissionDenied)
        #expect(error?.message.contains("that of \(Self.names[Self.bad]), not of \(other)") == true)
      }
      try await Talk.open(port, as: identity) { (talk: inout Talk) async throws in
        talk.greet(Self.names[Self.bad], federation.partition[Self.bad])
        while let (task, _) = try await talk.task() {
          talk.send(.failure(Fluxion_V1_Failure(task, FluxionError(.unsupported, "not today"))))
        }
      }
    }
    #expect(outcome.parameters.bits == (try await honest(federation)))
  }
}
