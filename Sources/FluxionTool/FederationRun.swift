import Fluxion
import FluxionCommand
import FluxionDashboard
import FluxionServer
import Foundation

/// One run of a served federation: listens, waits for the parties, and has the experiment run with them.
struct FederationRun: Sendable {
  struct Settings: Sendable {
    var address: ServerAddress
    /// Host names and addresses by which parties reach the server, beside those of this machine; nil for no encryption.
    var names: [String]? = []
    /// Of the page, on the loopback interface; nil for none.
    var pagePort: Int?
    /// How long to wait for parties and for their updates.
    var deadline: Duration?
    var maximumNorm: Double?
    /// By which the same server is started again.
    var arguments: [String] = []
  }

  private let prepared: PreparedExperiment
  private let settings: Settings
  private let state: URL?
  private let store: SQLiteStore?
  private let roster: Roster
  private let transport: GRPCTransport
  private let security: ServerSecurity
  private let board: StatusBoard
  private let dashboard: Dashboard?
  private let log: ServerLog

  /// - Parameter state: where the run and the identities are kept; nil for nowhere, without encryption.
  /// - Throws: ``FluxionError`` for a state that is another run's or damaged, or that another process uses.
  init(_ prepared: PreparedExperiment, state: URL?, _ settings: Settings) throws {
    self.prepared = prepared
    self.settings = settings
    self.state = state
    let places = prepared.partition.count
    var lasting = prepared.experiment
    // How long a server waits may change from one start to the next.
    (lasting.deadline, lasting.quorum) = (nil, nil)
    let identified = PreparedExperiment(lasting, partition: prepared.partition, task: prepared.task)
    store = try state.map { try identified.store(at: $0) }
    let log = ServerLog(try state.map { try ServerFolder(creating: $0).log })
    self.log = log
    var configuration: GRPCTransport.Configuration
    if let state {
      let file = try FederationFile(in: state)
      roster = try Roster(places: places, seats: file.seats) { seats in try file.write(seats) }
      configuration = GRPCTransport.Configuration(roster: roster, run: file.run)
      configuration.life = file.life
    } else {
      roster = try Roster(places: places)
      configuration = GRPCTransport.Configuration(roster: roster)
    }
    if let history = store?.history() { configuration.counted = (history.lastRound, history.counted) }
    configuration.maximumNorm = settings.maximumNorm
    configuration.table = prepared.partition.dataset.tableSchema
    transport = try GRPCTransport(prepared.task, input: prepared.partition.dataset.exampleShape, configuration)
    security =
      if let names = settings.names, let state {
        try .mutualTLS(state: state, names: names)
      } else { .plaintextOnLoopback }
    board = StatusBoard(
      .init(name: prepared.experiment.title, rounds: prepared.experiment.rounds ?? Experiment.Defaults.rounds),
      parties: (0..<places).map { [roster] in roster.name(of: $0) })
    for round in store?.history().rounds ?? [] { board.post(.roundRecorded(round)) }
    dashboard = try settings.pagePort.map { [board] port in
      var page = Dashboard.Configuration(
        token: try state.map { try ServerFolder(creating: $0).token() } ?? Dashboard.makeToken())
      page.port = port
      page.logger = log.library("page")
      return try Dashboard(board, page)
    }
  }

  func run(_ reporting: RunReporting) async throws -> Experiment.Outcome {
    let host = settings.address.host
    do {
      let outcome = try await listen(on: host, reporting)
      log.write(.ended(nil))
      return outcome
    } catch {
      log.write(.ended(error))
      throw error
    }
  }

  private func listen(on host: String, _ reporting: RunReporting) async throws -> Experiment.Outcome {
    try await FederationServer(transport, security: security).serve(host: host, port: settings.address.port) {
      port in
      let address = ServerAddress(host: host, port: port)
      guard let dashboard else { return try await run(at: address, page: nil, reporting) }
      return try await dashboard.serve { pagePort in
        try await run(at: address, page: "http://127.0.0.1:\(pagePort)/", reporting)
      }
    }
  }

  private func run(
    at address: ServerAddress, page: String?, _ reporting: RunReporting
  ) async throws -> Experiment.Outcome {
    if let state {
      try ServerFolder(creating: state).keep(
        ServerFolder.Note(
          address: "\(address)", page: page, arguments: settings.arguments,
          directory: FileManager.default.currentDirectoryPath, output: prepared.experiment.output))
    }
    log.write(.began(at: "\(address)", page: page))
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await event in transport.events {
          board.post(event.with(deadline: settings.deadline))
          if let event = ServerEvent(event, name: roster.name(of:)) { log.write(event) }
          if let sentence = sentence(event) { try reporting.say(sentence) }
        }
      }
      defer { group.cancelAll() }
      try await gather(address, page, reporting)
      var remote = RemoteParties(
        roster.seats.enumerated().map { place, seat in
          RemoteParties.Party(name: seat?.name ?? roster.name(of: place), samples: seat?.samples ?? 0)
        }, over: transport, try prepared.experiment.stragglersOfRemoteParties(parties: roster.places))
      remote.watching = { [board, roster, log] store in
        ObservedStore(board.watching(store)) { entry in
          if let event = ServerEvent(entry, name: roster.name(of:)) { log.write(event) }
          guard case .updateRefused(let round, let party, let failure) = entry else { return }
          try reporting.say(Self.refusal(of: roster.label(of: party), round, failure))
        }
      }
      do {
        let outcome = try await prepared.run(
          command: reporting.command, store: store, with: remote, reporting: { try reporting.tell($0) })
        // As long as a party pauses at most between two attempts.
        try await transport.finish("the run is over", waiting: .seconds(65))
        return outcome
      } catch {
        board.stop((error as? FluxionError)?.message ?? "the server was stopped")
        throw error
      }
    }
  }

  /// Says where the server is and whom it waits for, and returns when they are there.
  private func gather(_ address: ServerAddress, _ page: String?, _ reporting: RunReporting) async throws {
    if let state, settings.names != nil {
      try reporting.say("listening on \(address); invite a party with")
      try reporting.say("  fluxion invite NAME --state \(ShellText.line([state.relativePath]))")
    } else {
      try reporting.say("listening on \(address); a party joins with")
      try reporting.say("  fluxion join \(address) --plaintext --data csv:FILE --name NAME")
    }
    if let page, let dashboard { try reporting.say("the run is on \(page)#token=\(dashboard.configuration.token)") }
    // Parties of a run that had begun come back by themselves, and each round waits for them.
    if store?.history().hasBegun == true { return }
    let count = roster.places
    try reporting.say("waiting for \(count == 1 ? "1 party" : "\(count) parties")")
    guard let deadline = settings.deadline else { return try await transport.waitForParties(count) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await transport.waitForParties(count) }
      group.addTask {
        try await Task.sleep(for: deadline)
        let present = transport.connectedParties.count
        throw FluxionError(
          .unavailable,
          "\(present) of \(count) parties joined within \(Int(deadline / .seconds(1))) seconds; the run has not begun")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// What the terminal is told; nil for what is shown elsewhere.
  private func sentence(_ event: TransportEvent) -> String? {
    switch event {
    case .connected(let party, _, let samples): "\(roster.label(of: party)) joined, with \(samples) samples"
    case .disconnected(let party): "\(roster.label(of: party)) has lost its connection"
    case .refused(let round, let party, let failure): Self.refusal(of: roster.label(of: party), round, failure)
    case .quarantined(let party, let reason): "nothing more is taken from \(roster.label(of: party)): \(reason)"
    case .handedOut, .sent, .received: nil
    }
  }

  private static func refusal(of party: String, _ round: Int, _ failure: ClientFailure) -> String {
    "\(party) has no update that counts in round \(round): \(failure.reason)"
  }
}

extension TransportEvent {
  /// The policy's deadline is not for the transport to know.
  fileprivate func with(deadline: Duration?) -> TransportEvent {
    guard case .handedOut(let round, let clients, _) = self else { return self }
    return .handedOut(round: round, clients: clients, deadline: deadline)
  }
}

extension Roster {
  /// A name of its own, with its place.
  fileprivate func label(of place: Int) -> String {
    let name = name(of: place)
    return name == "party \(place)" ? name : "\(name) (party \(place))"
  }
}

extension Experiment {
  /// `digits, fedavg`
  fileprivate var title: String { "\(data), \(algorithm.rawValue)" }

  /// Refuses what needs the parties' data in this process.
  ///
  /// - Throws: ``FluxionError/Code/unsupported``.
  func requireRemoteParties() throws {
    func refuse(_ what: String) -> FluxionError {
      FluxionError(
        .unsupported, "\(what) needs the parties' data in one process; leave it out, or use fluxion simulate")
    }
    if devices != nil {
      throw FluxionError(
        .unsupported,
        "devices are of simulated parties, and these have their own; leave it out, or use fluxion simulate")
    }
    if baselines { throw refuse("baselines") }
    if analyze { throw refuse("analyze") }
    if tune != nil { throw refuse("tune") }
    if weighting == .learned { throw refuse("weighting learned") }
    if algorithm == .differentiableAveraging { throw refuse("differentiable-averaging") }
  }
}
