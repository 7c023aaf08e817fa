import FluxionCalculus
import FluxionCoordination
import FluxionFederation
import FluxionLearning
import FluxionWire
import GRPCCore
import SwiftProtobuf

/// What one client says after its hello, message by message.
///
/// The next message is read when the last is dealt with, so a client cannot have more than one update underway.
struct Conversation {
  private let transport: GRPCTransport
  private let stream: ClientStream
  private let party: Int
  private let introduction: Introduction
  private let gate: UpdateGate
  private var receiver: BodyReceiver<Header>
  /// Ends the stream when an update takes too long; there is one while a place is taken.
  private var timeout: ScheduledAction?
  /// Ends it when the next part of the update does.
  private var stall: ScheduledAction?
  /// Bytes of that part that are there.
  private var partByteCount = 0

  private struct Header: Sendable {
    let reported: ReportedTask
    let metrics: ClientMetrics
  }

  init(_ transport: GRPCTransport, _ stream: ClientStream, _ party: Int, _ introduction: Introduction) {
    self.transport = transport
    self.stream = stream
    self.party = party
    self.introduction = introduction
    let configuration = transport.configuration
    gate = UpdateGate(
      run: configuration.run, maximumSamples: configuration.maximumSamples, maximumNorm: configuration.maximumNorm,
      firstTask: configuration.firstTask, counted: configuration.counted)
    receiver = BodyReceiver(
      patience: 8 * transport.layout.count + WireLimits.chunkByteCount, chunkByteCount: configuration.chunkByteCount)
  }

  /// - Throws: `RPCError` for a message after which the stream cannot go on.
  mutating func receive(_ message: Fluxion_V1_ClientMessage) async throws {
    do {
      switch message.kind {
      case .update(let update):
        try giveUp()
        try await begin(update)
      case .chunk(let chunk):
        notePart(of: chunk.data.count)
        if let received = try receiver.append(chunk) { await end(received) }
      case .failure(let failure):
        try giveUp()
        await note(failure)
      case .hello:
        throw FluxionError(.corruptData, "a client says hello once, at the beginning of its stream")
      case nil:
        throw FluxionError(.unsupported, "the client sent a message of a kind that this server does not know")
      }
    } catch let error as FluxionError {
      let round = transport.handOuts.lastRound
      transport.noteRefusal(ClientFailure(.malformed, error.message), of: party, round: round, isOnRecord: false)
      throw RPCRefusal.violation(error)
    }
  }

  /// To be called when the conversation is over, however it ended.
  mutating func end() { giveBack() }

  /// A client that has something else to say by now does not send the body for which there is room.
  private mutating func giveUp() throws(FluxionError) {
    try receiver.requireIdle()
    receiver.skip(Fluxion_V1_Body())
    giveBack()
  }

  private mutating func begin(_ update: Fluxion_V1_Update) async throws {
    // Until it is known to be good, nobody wants its chunks.
    receiver.skip(update.body)
    let reported: ReportedTask
    do { reported = try ReportedTask(update) } catch {
      return answer(update.task, round: update.round, .refused(ClientFailure(.malformed, error.message)))
    }
    if let known = judgement(on: reported) { return answer(reported, known) }
    do {
      let metrics = try gate.metrics(of: update, samples: introduction.samples)
      let expected = [IncomingBody.Vector("update", count: transport.layout.count)]
      // Nobody waits for a place with a declaration that will be refused.
      try IncomingBody.check(update.body, expecting: expected)
      // What is here already needs no place.
      if update.body.data.isEmpty {
        try await takePlace()
        // The wait may have been long.
        if let known = judgement(on: reported) {
          giveBack()
          return answer(reported, known)
        }
        stream.send(.proceed(.with { $0.task = update.task }))
      }
      let received = try receiver.receive(
        Header(reported: reported, metrics: metrics), update.body, expecting: expected)
      if let received { await end(received) }
    } catch let error as FluxionError {
      await refuse(reported, error)
    }
  }

  private mutating func end(_ received: BodyReceiver<Header>.Received) async {
    let reported = received.header.reported
    // It has arrived; how long the coordinator takes is not the client's affair.
    timeout?.cancel()
    stall?.cancel()
    do {
      let values = try received.values.get()
      transport.tell(.received(party: party, bytes: 4 * values.count))
      try gate.check(values)
      let judgement = await transport.judge(
        reported, of: party, on: stream, .trained(received.header.metrics), values: values)
      giveBack()
      count(judgement, reported)
    } catch {
      await refuse(reported, error)
    }
  }

  /// The round learns that the client has no update that counts.
  private mutating func refuse(_ reported: ReportedTask, _ error: FluxionError) async {
    giveBack()
    let failure = ClientFailure(error.code == .diverged ? .diverged : .malformed, error.message)
    count(await transport.judge(reported, of: party, on: stream, .failed(failure)), reported)
  }

  /// What a round refuses is on record.
  private func count(_ judgement: Judgement, _ reported: ReportedTask) {
    guard case .verdict(.refused(let failure)) = judgement else { return }
    transport.noteRefusal(failure, of: party, round: reported.round, isOnRecord: true)
  }

  private func note(_ message: Fluxion_V1_Failure) async {
    let reported: ReportedTask
    do { reported = try ReportedTask(message) } catch {
      return answer(message.task, round: message.round, .refused(ClientFailure(.malformed, error.message)))
    }
    if let known = judgement(on: reported) { return answer(reported, known) }
    let failure = ClientFailure(
      message.kind == .diverged ? .diverged : .unavailable, message.reason.cut(toBytes: WireLimits.reasonByteCount))
    // To have no update is no offence, and is not counted as one.
    _ = await transport.judge(reported, of: party, on: stream, .failed(failure), isFailure: true)
  }

  private func judgement(on reported: ReportedTask) -> Judgement? {
    gate.judgement(on: reported, of: party, transport.handOuts)
  }

  private func answer(_ reported: ReportedTask, _ judgement: Judgement) {
    guard case .verdict(let verdict) = judgement else { return }
    answer(reported.task, round: UInt64(reported.round), verdict)
  }

  private func answer(_ task: UInt64, round: UInt64, _ verdict: Verdict) {
    stream.send(verdict, on: task, round: round)
    guard case .refused(let failure) = verdict else { return }
    transport.noteRefusal(failure, of: party, round: Int(clamping: round), isOnRecord: false)
  }

  private mutating func takePlace() async throws {
    guard timeout == nil else { return }
    try await transport.slots.take()
    timeout = close(after: transport.configuration.updateTimeout, "an update did not arrive")
    awaitPart()
  }

  private func close(after limit: Duration, _ what: String) -> ScheduledAction {
    transport.clock.schedule(after: limit) { [stream] in
      stream.close(throwing: RPCError(code: .deadlineExceeded, message: "\(what) within \(limit)"))
    }
  }

  /// A place is not for those who send a byte now and then.
  private mutating func awaitPart() {
    stall?.cancel()
    partByteCount = 0
    stall = close(
      after: transport.configuration.partTimeout, "the next \(WireLimits.partByteCount) bytes did not arrive")
  }

  private mutating func notePart(of byteCount: Int) {
    guard timeout != nil else { return }
    partByteCount += byteCount
    if partByteCount >= WireLimits.partByteCount { awaitPart() }
  }

  private mutating func giveBack() {
    guard let timeout else { return }
    timeout.cancel()
    stall?.cancel()
    (self.timeout, stall) = (nil, nil)
    transport.slots.give()
  }
}
