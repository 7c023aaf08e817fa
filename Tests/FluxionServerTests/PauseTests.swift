import FluxionClient
import FluxionCoordination
import FluxionData
import FluxionFederation
import FluxionLearning
@testable import FluxionServer
import Synchronization
import Testing

@Suite("Clients that pause", .timeLimit(.minutes(10)))
struct PauseTests {
  private static let algorithm = FederatedAveraging(local: .sgd(learningRate: 0.1, epochs: 1, batchSize: 16))

  private typealias Digits = Federation<FederatedAveraging>
  private typealias Run = (outcome: Digits.Outcome, events: [ClientProgress])

  private final class Events: Sendable {
    let all = Mutex<[ClientProgress]>([])
  }

  /// Runs a federation whose first party does what `react` says after each of its events; the others run along.
  ///
  /// - Parameter paused: parties that are paused before they run.
  /// - Returns: beside the outcome, what the first party went through.
  private func run(
    _ federation: Digits, requirements: FederatedClient.Requirements = .init(), paused: [Int],
    react: @escaping @Sendable (ClientProgress, [FederatedClient], GRPCTransport) async -> Void
  ) async throws -> Run {
    let events = Events()
    let outcome = try await federation.serve { port, transport in
      var configuration = try federation.client(0, port).configuration
      configuration.requirements = requirements
      let first = try FederatedClient(configuration, data: federation.partition[0])
      let clients = try [first] + (1..<federation.partition.count).map { try federation.client($0, port) }
      for party in paused { clients[party].pause() }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for client in clients { group.addTask { try await client.run() } }
        group.addTask {
          for await event in first.progress {
            events.all.withLock { $0.append(event) }
            await react(event, clients, transport)
          }
        }
        try await group.waitUnlessOneFails()
      }
    }
    return (outcome, events.all.withLock { $0 })
  }

  /// A disturbed run is the undisturbed one: the work of a round is done once and counts once, and the bits are the same.
  private func expectUndisturbed(_ run: Run, _ federation: Digits) async throws {
    let rounds = Array(1...federation.rounds)
    let everybody = Array(0..<federation.partition.count)
    #expect(run.outcome.parameters.bits == (try await federation.run(.inProcess)).parameters.bits)
    #expect(run.outcome.records.map { $0.parties.map(\.party) } == rounds.map { _ in everybody })
    #expect(run.events.compactMap { if case .training(let round) = $0 { round } else { nil } } == rounds)
    #expect(run.events.compactMap { if case .trained(let round, _) = $0 { round } else { nil } } == rounds)
    #expect(run.events.last == .finished(reason: "the run is over"))
  }

  private func accepted(_ events: [ClientProgress]) -> [Int] {
    events.compactMap { if case .answered(let round, .accepted) = $0 { round } else { nil } }
  }

  private func pauses(_ events: [ClientProgress]) -> [ClientProgress] {
    events.filter { if case .paused = $0 { true } else { $0 == .resumed } }
  }

  @Test("a client that is paused before it runs joins nobody until it is resumed")
  func pausedAtFirst() async throws {
    let federation = try Federation(Self.algorithm)
    let run = try await run(federation, paused: [0]) { event, clients, transport in
      guard case .paused = event else { return }
      #expect(clients[0].state == .paused(.requested))
      #expect(!transport.connectedParties.contains(0))
      clients[0].resume()
    }
    #expect(Array(run.events.prefix(3)) == [.paused(.requested), .resumed, .joined(run: "test", client: 0)])
    try await expectUndisturbed(run, federation)
    #expect(accepted(run.events) == [1, 2, 3])
  }

  @Test("an update that was not acknowledged when the client paused is kept, and counts once")
  func unacknowledged() async throws {
    let federation = try Federation(Self.algorithm)
    let wasPaused = Mutex(false)
    // Round 1 is not on record before party 1 has trained, which does not until party 0 is back.
    let run = try await run(federation, paused: [1]) { event, clients, _ in
      switch event {
      case .trained(1, _): clients[0].pause()
      case .paused:
        wasPaused.withLock { $0 = true }
        clients[0].resume()
      case .joined: if wasPaused.withLock({ $0 }) { clients[1].resume() }
      default: break
      }
    }
    try await expectUndisturbed(run, federation)
    #expect(pauses(run.events) == [.paused(.requested), .resumed])
    #expect(accepted(run.events) == [1, 2, 3])
  }

  @Test(
    "a client whose conditions are not met takes part when they are, and leaves its training when they no longer are")
  func conditions() async throws {
    let federation = try Federation(Self.algorithm)
    let wasOffline = Mutex(false)
    let requirements = FederatedClient.Requirements(network: .unmetered, power: .chargingOrBattery(atLeast: 0.3))
    let run = try await run(federation, requirements: requirements, paused: [1]) { event, clients, _ in
      switch event {
      case .paused(.unknownConditions):
        clients[0].updateConditions(network: .metered, power: .battery(level: 0.2))
        #expect(clients[0].state == .paused(.meteredNetwork))
        clients[0].updateConditions(network: .unmetered)
        #expect(clients[0].state == .paused(.lowBattery))
        clients[0].updateConditions(power: .battery(level: 0.8))
        #expect(clients[0].state == .running)
      case .training(1): clients[0].updateConditions(network: .offline)
      case .paused(.offline):
        wasOffline.withLock { $0 = true }
        clients[0].updateConditions(network: .unmetered)
      case .joined: if wasOffline.withLock({ $0 }) { clients[1].resume() }
      default: break
      }
    }
    try await expectUndisturbed(run, federation)
    #expect(pauses(run.events) == [.paused(.unknownConditions), .resumed, .paused(.offline), .resumed])
    #expect(accepted(run.events) == [1, 2, 3])
  }

  @Test("a client that is paused and resumed over and over, faster than it can leave, loses nothing")
  func flapping() async throws {
    let federation = try Federation(Self.algorithm)
    let run = try await run(federation, paused: [1]) { event, clients, _ in
      guard event == .training(round: 1) else { return }
      for _ in 0..<200 {
        clients[0].updateConditions(network: .offline)
        clients[0].pause()
        clients[0].updateConditions(network: .metered)
        await Task.yield()
        clients[0].resume()
        await Task.yield()
      }
      clients[1].resume()
    }
    try await expectUndisturbed(run, federation)
    let pauses = pauses(run.events)
    #expect(!pauses.isEmpty)
    #expect(zip(pauses, 0...).allSatisfy { ($0 == .resumed) == ($1 % 2 == 1) })
  }

  @Test("the server sees a paused client leave, and one that is resumed after the run is over hears so")
  func resumedTooLate() async throws {
    let federation = try Federation(Self.algorithm)
    let transport = try GRPCTransport(
      federation.task, input: federation.partition.dataset.exampleShape,
      .init(parties: federation.partition.names, run: "test"))
    let events = try await FederationServer(transport).serve { (port: Int) async throws -> [ClientProgress] in
      let client = try federation.client(0, port)
      async let run: Void = client.run()
      var events: [ClientProgress] = []
      for await event in client.progress {
        events.append(event)
        switch event {
        case .joined: client.pause()
        case .paused:
          for await event in transport.events { if case .disconnected(0) = event { break } }
          #expect(transport.connectedParties.isEmpty)
          transport.finish("the run is over")
          client.resume()
        default: break
        }
      }
      try await run
      return events
    }
    #expect(
      events == [
        .joined(run: "test", client: 0), .paused(.requested), .resumed, .joined(run: "test", client: 0),
        .finished(reason: "the run is over"),
      ])
  }
}
