import FluxionCalculus
import FluxionData
import FluxionLearning
import FluxionWire
import Foundation
import GRPCCore

/// One connection to the server: what goes out, and what comes in message by message.
struct ServerStream {
  /// A task with everything that belongs to it.
  struct Arrived: Sendable {
    let work: WorkInHand.Work
    /// The failure if the task cannot be done.
    let task: Result<Ready, FluxionError>
  }

  struct Ready: Sendable {
    let assignment: Assignment
    let steps: [StepProgram]
    let parameters: [Float]
  }

  enum Event: Sendable {
    case joined(run: String, client: Int, TableSchema?)
    /// A task begins to arrive; whether its body is wanted.
    case task(Arrived)
    /// There is room for the body of the update on this task.
    case proceed(UInt64)
    case verdict(Fluxion_V1_Verdict)
    case withdrawn(UInt64)
    case farewell(String)
  }

  private struct Header: Sendable {
    let work: WorkInHand.Work
    let assignment: Assignment
    let steps: [StepProgram]
  }

  /// The most bytes that a model's parameters may have.
  let maximumByteCount: Int
  private(set) var run: String?
  /// The most bytes of data in one chunk, either way, as the welcome says.
  private(set) var chunkByteCount = WireLimits.chunkByteCount
  private var receiver = BodyReceiver<Header>(patience: .max, chunkByteCount: WireLimits.chunkByteCount)
  /// Programs that came since the latest task, and those of the latest task.
  private var arrived: [Data: Program] = [:]
  private var kept: [Data: Program] = [:]

  init(maximumByteCount: Int) { self.maximumByteCount = maximumByteCount }

  /// What a message means; nil if it is part of something larger.
  ///
  /// - Throws: ``FluxionError`` for a message after which the stream cannot go on.
  mutating func receive(_ message: Fluxion_V1_ServerMessage) throws -> Event? {
    if case .welcome(let welcome) = message.kind { return try greet(welcome) }
    guard let run else { throw FluxionError(.corruptData, "the first message of a server is its welcome") }
    switch message.kind {
    case .program(let program):
      try keep(program)
      return nil
    case .task(let task):
      try receiver.requireIdle()
      return try begin(task, run)
    case .chunk(let chunk):
      return try receiver.append(chunk).map(Self.task)
    case .proceed(let proceed): return .proceed(proceed.task)
    case .verdict(let verdict): return .verdict(verdict)
    case .withdrawal(let withdrawal): return .withdrawn(withdrawal.task)
    case .farewell(let farewell): return .farewell(farewell.reason.cut(toBytes: WireLimits.reasonByteCount))
    case .welcome, nil:
      throw FluxionError(.unsupported, "the server sent a message of a kind that this client does not know")
    }
  }

  private static func task(_ received: BodyReceiver<Header>.Received) -> Event {
    let header = received.header
    return .task(
      Arrived(
        work: header.work,
        task: received.values.map { Ready(assignment: header.assignment, steps: header.steps, parameters: $0) }))
  }

  private mutating func greet(_ welcome: Fluxion_V1_Welcome) throws -> Event {
    guard run == nil else { throw FluxionError(.corruptData, "a server says welcome once") }
    guard welcome.protocolVersion == WireLimits.protocolVersion else {
      throw FluxionError(
        .unsupported,
        "this client speaks version \(WireLimits.protocolVersion) of the protocol, the server version "
          + "\(welcome.protocolVersion); use the same release on both sides")
    }
    guard !welcome.run.isEmpty, welcome.run.utf8.count <= WireLimits.runByteCount,
      let client = Int(exactly: welcome.client)
    else { throw FluxionError(.corruptData, "the server's welcome names no run") }
    guard let chunkByteCount = Int(exactly: welcome.chunkBytes),
      (1...WireLimits.chunkByteCount).contains(chunkByteCount)
    else {
      throw FluxionError(
        .corruptData, "a chunk has from 1 to \(WireLimits.chunkByteCount) bytes, not \(welcome.chunkBytes)")
    }
    run = welcome.run
    self.chunkByteCount = chunkByteCount
    receiver = BodyReceiver(patience: .max, chunkByteCount: chunkByteCount)
    return .joined(run: welcome.run, client: client, welcome.hasTable ? try TableSchema(welcome.table) : nil)
  }

  private mutating func keep(_ message: Fluxion_V1_Program) throws {
    guard arrived.count < WireLimits.programs else {
      throw FluxionError(.corruptData, "more than \(WireLimits.programs) programs came before a task")
    }
    let encoded = try EncodedProgram(message)
    arrived[encoded.digest] = try Program(decoding: encoded.bytes)
  }

  /// Whatever is wrong with a task is for its report to say; the stream goes on.
  private mutating func begin(_ task: Fluxion_V1_Task, _ run: String) throws -> Event? {
    let work = WorkInHand.Work(task, run: run)
    receiver.skip(task.body)
    let known = kept.merging(arrived) { $1 }
    // Those of a task that cannot be done are kept as well, since the server will not send them again.
    kept = known.count <= 2 * WireLimits.programs ? known : arrived
    arrived.removeAll()
    do {
      let assignment = try Assignment(task)
      let programs = assignment.programs.compactMap { program in known[program.digest].map { (program, $0) } }
      guard programs.count == assignment.programs.count else {
        throw FluxionError(.corruptData, "the task refers to a program that the server did not send")
      }
      kept = Dictionary(programs.map { ($0.0.digest, $0.1) }) { first, _ in first }
      let steps = try programs.map { try StepProgram($0.1, assignment.signature) }
      guard let count = steps.first?.parameters.count,
        zip(steps, programs).allSatisfy({ $0.batchSize == $1.0.batchSize })
      else {
        throw FluxionError(.corruptData, "a task has at least one program, each for the size of batches that it names")
      }
      guard count <= maximumByteCount / 4 else {
        throw FluxionError(
          .unsupported,
          "a model of \(count) parameters needs more than the \(maximumByteCount) bytes that this client gives")
      }
      return try receiver.receive(
        Header(work: work, assignment: assignment, steps: steps), task.body,
        expecting: [.init("parameters", count: count)]
      ).map(Self.task)
    } catch let error as FluxionError {
      return .task(Arrived(work: work, task: .failure(error)))
    }
  }
}
