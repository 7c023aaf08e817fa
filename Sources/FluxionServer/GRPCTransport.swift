public import FluxionCalculus
public import FluxionCoordination
public import FluxionData
import FluxionFederation
public import FluxionLearning
import FluxionWire
import Foundation
import GRPCCore
import Synchronization
import SwiftProtobuf

/// The world of a real federation: every client is another process at the end of a gRPC stream.
///
/// A round is pushed to the streams of its cohort. Updates are delivered one by one as they arrive and folded in, so the
/// memory of a round does not grow with the number of clients. A party that loses its stream may come back at any time:
/// it is sent the task at hand, or repeats its report, which counts once.
///
/// ```swift
/// let transport = try GRPCTransport(task, input: [8, 8, 1], .init(parties: ["a", "b"]))
/// let coordinator = try Coordinator(
///   algorithm, configuration, transport: transport, clock: WallClock(), store: InMemoryStore())
/// try await FederationServer(transport).serve(port: 7117) { _ in
///   while let record = try await coordinator.nextRound() { print(record) }
/// }
/// ```
public final class GRPCTransport: Transport {
  public struct Configuration: Sendable {
    /// Who may take part; a party's place is its index in rounds and records.
    public var roster: Roster
    /// What this run is called; reports of another are refused.
    public var run: String
    /// Which life of the run's server this is, from 0. A server that takes a run up again must count on: the ids of tasks
    /// begin with it, and a party tells by them what it has been asked before.
    public var life: UInt32 = 0
    /// Whose updates count in a round that an earlier life of the server recorded last: such a party may not have heard.
    public var counted: (round: Int, parties: Set<Int>)?
    /// The most samples that a party may claim. The policy of the rounds should have the same.
    public var maximumSamples = 1 << 31
    /// How the parties' tables become examples; nil where they have their examples as the model takes them.
    public var table: TableSchema?
    /// So many refused updates, and nothing more is taken from a party while this server runs.
    public var maximumRefusals = 20
    /// The largest Euclidean norm of an update; nil for any.
    public var maximumNorm: Double?
    /// Bytes of parameters and updates a message.
    public var chunkByteCount = 128 << 10
    /// Large updates that are received at the same time, which bounds the memory; the others wait with their clients.
    /// Two for each processor, from 4 to 16.
    public var updatesAtOnce = min(max(ProcessInfo.processInfo.activeProcessorCount, 2) * 2, 16)
    /// A client has so long to say who it is.
    public var greetingTimeout = Duration.seconds(5)
    /// A client has so long to send one update once the server takes it.
    public var updateTimeout = Duration.seconds(120)
    /// And so long for every 64 KiB of it, and for what is left.
    public var partTimeout = Duration.seconds(10)

    /// The id of the first task of this life; 0 is none.
    var firstTask: UInt64 { UInt64(life) << 32 | 1 }

    /// - Parameter run: nil for a name that no other run has.
    public init(roster: Roster, run: String? = nil) {
      self.roster = roster
      self.run = run ?? UUID().uuidString.lowercased()
    }

    /// As ``init(roster:run:)`` for these parties and no other.
    public init(parties: [String], run: String? = nil) throws { self.init(roster: try Roster(parties), run: run) }
  }

  let configuration: Configuration
  public var roster: Roster { configuration.roster }
  let input: Shape
  let programs: ProgramLibrary
  let layout: ParameterLayout
  let clock: any RunClock
  let slots: ReceiveSlots
  private let classCount: Int?
  /// What happens beside reports, for one reader; without one the latest 4,096 events are kept.
  public let events: AsyncStream<TransportEvent>
  private let told: AsyncStream<TransportEvent>.Continuation
  let state: Mutex<State>

  struct State {
    /// The latest stream of each party that has one.
    var streams: [Int: ClientStream] = [:]
    var handOuts = HandOuts()
    var nextTask: UInt64
    /// Why the run is over.
    var farewell: String?
    /// Parties that were told so.
    var dismissed: Set<Int> = []
    /// Who waits for parties to come or to have been told.
    var waiting: [Waiter] = []
    var lastTicket = 0
    /// Refused updates by party.
    var refusals: [Int: Int] = [:]
    /// Parties from whom nothing is taken, and why.
    var quarantined: [Int: String] = [:]
  }

  struct Waiter {
    let ticket: Int
    let isDone: @Sendable (State) -> Bool
    let continuation: CheckedContinuation<Bool, Never>
  }

  /// - Parameter input: the shape of one example.
  /// - Throws: ``FluxionError`` if the task does not fit such examples, or for settings that cannot hold.
  public init(
    _ task: LearningTask, input: Shape, _ configuration: Configuration, clock: any RunClock = WallClock()
  ) throws {
    guard configuration.updatesAtOnce >= 1, configuration.maximumSamples >= 1, configuration.maximumRefusals >= 1,
      (1...WireLimits.chunkByteCount).contains(configuration.chunkByteCount)
    else {
      throw FluxionError(
        .invalidArgument,
        "a server takes at least 1 update at once, samples up to at least 1 and at least 1 refusal, in chunks of up to "
          + "\(WireLimits.chunkByteCount) bytes")
    }
    self.configuration = configuration
    state = Mutex(State(nextTask: configuration.firstTask))
    self.input = input
    self.clock = clock
    layout = try task.layout(input: input)
    classCount = task.loss.target == .labels ? try task.predictionShape(input: input).last : nil
    programs = ProgramLibrary(task, input: input)
    slots = ReceiveSlots(count: configuration.updatesAtOnce)
    (events, told) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4096))
  }

  public func train(_ request: TrainingRequest, deliver: @escaping @Sendable (ReportBatch) -> Void) throws {
    guard request.parameters.layout == layout else {
      throw FluxionError(.shapeMismatch, "the parameters of round \(request.round) are not those of the task")
    }
    let begun =
      try isUnderWay(request.round)
      ? nil
      : HandOut(
        task: state.withLock { state in
          defer { state.nextTask += 1 }
          return state.nextTask
        }, request: request, deliver: deliver)
    let (handOut, streams, quarantined) = state.withLock { state in
      if let begun { state.handOuts.begin(begun) }
      // More clients of a round have its task, and its parameters as they are encoded.
      let handOut = begun ?? state.handOuts.extend(request.round, by: request.clients)
      return (handOut, request.clients.compactMap { state.streams[$0] }, state.quarantined)
    }
    guard let handOut else { return }
    tell(.handedOut(round: request.round, clients: request.clients, deadline: nil))
    for stream in streams { push(handOut, to: stream) }
    for client in request.clients { if let reason = quarantined[client] { handOut.fail(client, reason) } }
  }

  private func isUnderWay(_ round: Int) -> Bool { state.withLock { $0.handOuts.open(round: round) != nil } }

  public func roundRecorded(_ round: Int) {
    tell(state.withLock { $0.handOuts.record() }, .accepted)
  }

  public func roundDropped(_ round: Int) { tell(state.withLock { $0.handOuts.drop() }, .late) }

  public func endRound(_ round: Int) {
    let (awaited, streams, task) = state.withLock { state in
      guard let handOut = state.handOuts.open(round: round) else {
        return ([PendingReport](), [ClientStream](), UInt64(0))
      }
      let streams = handOut.unanswered.compactMap { state.streams[$0] }
      return (state.handOuts.update(handOut.task) { $0.close() } ?? [], streams, handOut.task)
    }
    for report in awaited { report.resolve(.verdict(.late)) }
    for stream in streams { stream.send(.withdrawal(.with { $0.task = task })) }
  }

  /// The parties that have a stream, by index.
  public var connectedParties: [Int] { state.withLock { $0.streams.keys.sorted() } }

  /// Returns when so many parties have a stream.
  ///
  /// - Throws: `CancellationError` if the task is cancelled before.
  public func waitForParties(_ count: Int) async throws { try await wait { $0.streams.count >= count } }

  /// Tells every party that the run is over, and waits for those that are not there now: they look for the server until
  /// they hear it.
  ///
  /// - Parameter limit: how long to wait for them.
  /// - Throws: `CancellationError` if the task is cancelled before.
  public func finish(_ reason: String, waiting limit: Duration) async throws {
    finish(reason)
    let seated = Set(roster.seats.enumerated().compactMap { $1?.isDismissed == false ? $0 : nil })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [self] in
        try await wait { seated.subtracting($0.dismissed).subtracting($0.quarantined.keys).isEmpty }
      }
      group.addTask { try await Task.sleep(for: limit) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func wait(until isDone: @escaping @Sendable (State) -> Bool) async throws {
    let ticket = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    let areThere = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state -> Bool? in
          if isDone(state) { return true }
          if Task.isCancelled { return false }
          state.waiting.append(Waiter(ticket: ticket, isDone: isDone, continuation: continuation))
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
      }
      waiter?.continuation.resume(returning: false)
    }
    guard areThere else { throw CancellationError() }
  }

  /// Ends a party's stream, as a lost connection would; the party may come back.
  public func disconnect(_ party: Int) {
    take(party)?.close(throwing: .unavailable("the server ended the stream"))
  }

  /// A party's stream, which is the party's no longer.
  private func take(_ party: Int) -> ClientStream? {
    let stream = state.withLock { $0.streams.removeValue(forKey: party) }
    if stream != nil { tell(.disconnected(party: party)) }
    return stream
  }

  /// Ends a party's stream for good, as when its certificate is revoked; who may come back is the authoriser's decision.
  public func expel(_ name: String, because reason: String) {
    guard let party = configuration.roster.place(of: name) else { return }
    take(party)?.close(throwing: RPCError(code: .permissionDenied, message: reason))
  }

  func tell(_ event: TransportEvent) { told.yield(event) }

  /// A party's update does not count; after too many of them nothing is taken from it any longer.
  ///
  /// - Parameter isOnRecord: whether the journal tells of it.
  func noteRefusal(_ failure: ClientFailure, of party: Int, round: Int, isOnRecord: Bool) {
    if !isOnRecord { tell(.refused(round: round, party: party, failure)) }
    let limit = configuration.maximumRefusals
    let reason = "\(limit) of its updates were refused, the last because \(failure.reason)"
    let (isPastLimit, handOut) = state.withLock { state -> (Bool, HandOut?) in
      state.refusals[party, default: 0] += 1
      guard state.refusals[party] == limit else { return (false, nil) }
      state.quarantined[party] = reason
      return (true, state.handOuts.awaiting(party))
    }
    guard isPastLimit else { return }
    tell(.quarantined(party: party, reason: reason))
    take(party)?.close(throwing: RPCRefusal.quarantined(reason))
    handOut?.fail(party, reason)
  }

  /// Tells every party, also those that come from now on, that the run is over.
  public func finish(_ reason: String) {
    let streams = close { state in
      state.farewell = reason
      state.dismissed.formUnion(state.streams.keys)
    }
    for stream in streams { stream.finish(reason) }
  }

  /// Ends every stream as a lost connection would: the run goes on when the server is back, and the parties come back.
  public func suspend(_ reason: String) {
    for stream in close({ _ in }) { stream.close(throwing: .unavailable(reason)) }
  }

  /// - Returns: the streams that there are; nobody waits for a verdict any longer.
  private func close(_ change: (inout State) -> Void) -> [ClientStream] {
    let (streams, awaited) = state.withLock { state in
      change(&state)
      return (Array(state.streams.values), state.handOuts.close())
    }
    for report in awaited { report.resolve(.verdict(.late)) }
    return streams
  }
}

extension GRPCTransport {
  /// Registers a stream for the party that introduces itself, in place of an older one.
  ///
  /// - Throws: `RPCError` that tells the client what is wrong.
  func connect(_ stream: ClientStream, as introduction: Introduction) throws -> Int {
    let party = try admit(introduction)
    if let reason = state.withLock({ $0.quarantined[party] }) { throw RPCRefusal.quarantined(reason) }
    stream.introduce(party, introduction)
    // Before anybody else can send a task.
    stream.send(
      .welcome(
        .with {
          $0.protocolVersion = WireLimits.protocolVersion
          $0.run = configuration.run
          $0.client = UInt64(party)
          $0.chunkBytes = UInt64(configuration.chunkByteCount)
          if let table = configuration.table { $0.table = Fluxion_V1_Table(table) }
        }))
    let (previous, handOut, farewell, arrived) = state.withLock { state in
      let previous = state.streams.updateValue(stream, forKey: party)
      if state.farewell != nil { state.dismissed.insert(party) }
      let now = state
      let arrived = state.waiting.filter { $0.isDone(now) }
      state.waiting.removeAll { $0.isDone(now) }
      return (previous, state.handOuts.awaiting(party), state.farewell, arrived)
    }
    previous?.close(throwing: .alreadyExists("\(introduction.name) has joined again on another stream"))
    if let farewell {
      stream.finish(farewell)
    } else if let handOut, introduction.taskInHand != handOut.task {
      push(handOut, to: stream, party, samples: introduction.samples)
    }
    tell(.connected(party: party, name: introduction.name, samples: introduction.samples))
    for waiter in arrived { waiter.continuation.resume(returning: true) }
    return party
  }

  /// A client has ended its side of a stream; after a goodbye, because it has read it.
  func noteEnd(of stream: ClientStream, _ party: Int) {
    guard state.withLock({ $0.farewell != nil && $0.streams[party] === stream }) else { return }
    // Where that cannot be kept, a server that is started again waits for the party, in vain.
    try? roster.dismiss(party)
  }

  func disconnect(_ stream: ClientStream, _ party: Int) {
    let isGone = state.withLock { state in
      guard state.streams[party] === stream else { return false }
      state.streams[party] = nil
      return state.farewell == nil
    }
    if isGone { tell(.disconnected(party: party)) }
  }

  private func admit(_ introduction: Introduction) throws -> Int {
    if let run = introduction.run, run != configuration.run { throw RPCRefusal.otherRun(run, here: configuration.run) }
    guard introduction.samples <= configuration.maximumSamples else {
      throw RPCRefusal.misfit(
        "a party holds up to \(configuration.maximumSamples) samples, not \(introduction.samples)")
    }
    // A table that is read as the welcome says fits.
    if introduction.exampleShape.rank == 0, configuration.table != nil {
      return try configuration.roster.seat(introduction)
    }
    guard introduction.exampleShape == input else {
      throw RPCRefusal.misfit("examples have the shape \(input), not \(introduction.exampleShape)")
    }
    switch (classCount, introduction.classCount) {
    case (let outputs?, let classes?) where classes > outputs:
      throw RPCRefusal.misfit("the model has outputs for \(outputs) classes; the data has \(classes)")
    case (.some, nil): throw RPCRefusal.misfit("the targets are classes; the data has numbers")
    default: return try configuration.roster.seat(introduction)
    }
  }

  private func push(_ handOut: HandOut, to stream: ClientStream) {
    guard let (party, introduction) = stream.client else { return }
    push(handOut, to: stream, party, samples: introduction.samples)
  }

  private func push(_ handOut: HandOut, to stream: ClientStream, _ party: Int, samples: Int) {
    do {
      stream.send(try programs.parcel(handOut, for: party, samples: samples))
    } catch {
      handOut.fail(party, (error as? FluxionError)?.message ?? "\(error)")
    }
  }
}

/// Of a report that has none.
struct NoUpdates: UpdateSource {
  func fold(into sum: inout any UpdateAccumulator, weighting: Weighting) {}
}
