@testable import FluxionClient
import FluxionCalculus
import FluxionData
import Synchronization
import Testing

@Suite("The conditions of a client", .timeLimit(.minutes(10)))
struct ConditionsTests {
  typealias Conditions = FederatedClient.Conditions
  typealias Requirements = FederatedClient.Requirements

  struct Row: Sendable, CustomTestStringConvertible {
    let requirements: Requirements
    let conditions: Conditions
    let hindrance: FederatedClient.PauseReason?
    var testDescription: String { "\(requirements), \(conditions)" }

    init(
      _ network: Requirements.Network, _ power: Requirements.Power, _ isNetwork: Conditions.Network?,
      _ isPower: Conditions.Power?, _ hindrance: FederatedClient.PauseReason?
    ) {
      requirements = Requirements(network: network, power: power)
      conditions = Conditions(network: isNetwork, power: isPower)
      self.hindrance = hindrance
    }
  }

  private static let third = Requirements.Power.chargingOrBattery(atLeast: 0.3)

  static let rows = [
    Row(.any, .any, nil, nil, nil),
    Row(.any, .any, .metered, .battery(level: 0.01), nil),
    Row(.any, .any, .offline, .charging, .offline),
    Row(.unmetered, .any, nil, nil, .unknownConditions),
    Row(.unmetered, .any, .offline, nil, .offline),
    Row(.unmetered, .any, .metered, nil, .meteredNetwork),
    Row(.unmetered, .any, .unmetered, nil, nil),
    Row(.any, .charging, .metered, nil, .unknownConditions),
    Row(.any, .charging, nil, .battery(level: 1), .notCharging),
    Row(.any, .charging, nil, .charging, nil),
    Row(.any, third, nil, nil, .unknownConditions),
    Row(.any, third, nil, .battery(level: 0.29), .lowBattery),
    Row(.any, third, nil, .battery(level: 0.3), nil),
    Row(.any, third, nil, .battery(level: -1), .lowBattery),
    Row(.any, third, nil, .battery(level: .nan), .lowBattery),
    Row(.any, third, nil, .charging, nil),
    Row(.unmetered, third, .metered, .battery(level: 0.1), .meteredNetwork),
    Row(.unmetered, third, .unmetered, .battery(level: 0.1), .lowBattery),
    Row(.unmetered, third, .unmetered, .battery(level: 0.9), nil),
  ]

  @Test("a requirement is met or not, and what is not known meets none", arguments: rows)
  func hindrance(row: Row) {
    #expect(row.requirements.hindrance(in: row.conditions) == row.hindrance)
  }

  private func client(_ requirements: Requirements = Requirements()) throws -> FederatedClient {
    var configuration = FederatedClient.Configuration(name: "a", port: 1)
    configuration.requirements = requirements
    return try FederatedClient(configuration, data: Dataset.digits().subset(0..<4))
  }

  @Test("a client can be asked what it knows of its device, and why it is paused")
  func asked() throws {
    let client = try client(Requirements(network: .unmetered, power: Self.third))
    #expect(client.conditions == Conditions())
    #expect(client.state == .paused(.unknownConditions))
    client.updateConditions(network: .unmetered)
    #expect(client.state == .paused(.unknownConditions))
    client.updateConditions(power: .battery(level: 0.2))
    #expect(client.conditions == Conditions(network: .unmetered, power: .battery(level: 0.2)))
    #expect(client.state == .paused(.lowBattery))
    client.updateConditions(power: .charging)
    #expect(client.state == .ready)
    client.updateConditions(network: .metered)
    #expect(client.state == .paused(.meteredNetwork))
    client.updateConditions(network: .unmetered)
    #expect(client.state == .ready)
  }

  @Test("what the app asked for and what the device allows are two things: both must be so")
  func both() throws {
    let client = try client()
    client.pause()
    client.updateConditions(network: .offline)
    #expect(client.state == .paused(.requested))
    client.resume()
    #expect(client.state == .paused(.offline))
    client.pause()
    client.updateConditions(network: .metered)
    #expect(client.state == .paused(.requested))
    client.resume()
    #expect(client.state == .ready)
  }

  @Test("a share of a battery that cannot be is refused")
  func absurd() {
    for share in [-0.1, 30, .nan] {
      let error = #expect(throws: FluxionError.self) {
        try client(Requirements(power: .chargingOrBattery(atLeast: share)))
      }
      #expect(error?.message.contains("battery") == true)
    }
  }

  @Test("who waits for a client to be paused or to go on is told of the latest state, however often it changed before")
  func waits() async {
    let thread = TrainingThread()
    defer { thread.close() }
    let permit = WorkPermit(Requirements(), thread: thread)
    for _ in 0..<50 {
      async let withdrawal = permit.withdrawal()
      permit.pause()
      #expect(await withdrawal == .requested)
      async let grant: Void = permit.grant()
      permit.resume()
      await grant
      #expect(permit.hindrance == nil)
    }
  }

  @Test("while a client may not work its thread begins nothing, and then everything that has waited")
  func held() async {
    let thread = TrainingThread()
    defer { thread.close() }
    let permit = WorkPermit(Requirements(), thread: thread)
    permit.pause()
    let done = Mutex<[Int]>([])
    for job in 0..<100 {
      thread.start { done.withLock { $0.append(job) } }
      await Task.yield()
    }
    #expect(done.withLock { $0 }.isEmpty)
    await withCheckedContinuation { continuation in
      thread.start { continuation.resume() }
      permit.resume()
    }
    #expect(done.withLock { $0 } == Array(0..<100))
  }

  @Test("a client that is paused and cancelled ends, and is asked no longer why it does nothing")
  func cancelled() async throws {
    let client = try client()
    client.pause()
    let run = Task { try await client.run() }
    var events: [ClientProgress] = []
    for await event in client.progress {
      events.append(event)
      run.cancel()
    }
    #expect(events == [.paused(.requested)])
    await #expect(throws: CancellationError.self) { try await run.value }
    #expect(client.state == .ended)
    await #expect(throws: FluxionError.self) { try await client.run() }
  }
}
