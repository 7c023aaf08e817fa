import FluxionCalculus
import FluxionCoordination
import FluxionWire
import Foundation
import GRPCCore
import NIOCore
import NIOPosix
import Synchronization
import SwiftProtobuf

/// What is on its way to one client: a queue that one task writes to the stream.
final class ClientStream: Sendable {
  private enum Outgoing: Sendable {
    case message(Fluxion_V1_ServerMessage.OneOf_Kind)
    case parcel(Parcel)
  }

  private struct State {
    var introduced: (party: Int, Introduction)?
    var queue: [Outgoing] = []
    /// With what the stream ends once the queue is sent.
    var end: Result<Void, RPCError>?
  }

  private let state = Mutex(State())
  /// That there is something in the queue, or the end.
  private let news: AsyncStream<Void>
  private let tell: AsyncStream<Void>.Continuation
  /// Ends when the stream is to.
  private let closing: AsyncStream<Void>
  private let close: AsyncStream<Void>.Continuation

  /// Far more than an honest client has coming to it: a task, and answers to what it sent.
  private static let capacity = 64
  /// For a client to read what it was sent before the end.
  private static let timeToRead = Duration.seconds(3)

  init() {
    (news, tell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (closing, close) = AsyncStream.makeStream()
  }

  /// Whose stream it is; nil before the client has introduced itself.
  var client: (party: Int, introduction: Introduction)? {
    state.withLock { $0.introduced.map { ($0.party, $0.1) } }
  }

  func introduce(_ party: Int, _ introduction: Introduction) {
    state.withLock { $0.introduced = (party, introduction) }
  }

  func send(_ message: Fluxion_V1_ServerMessage.OneOf_Kind) { put(.message(message)) }

  func send(_ parcel: Parcel) { put(.parcel(parcel)) }

  /// Tells the client what became of a report of its.
  func send(_ verdict: Verdict, on task: UInt64, round: UInt64) {
    send(
      .verdict(
        .with {
          ($0.task, $0.round) = (task, round)
          switch verdict {
          case .accepted, .duplicate: $0.kind = .accepted
          case .noted: $0.kind = .noted
          case .late: $0.kind = .late
          case .notSelected: $0.kind = .notSelected
          case .refused(let failure):
            $0.kind = .refused
            $0.reason = failure.reason.cut(toBytes: WireLimits.reasonByteCount)
          }
        }))
  }

  /// Says goodbye, and ends the stream once that is sent.
  func finish(_ reason: String) {
    send(.farewell(.with { $0.reason = reason.cut(toBytes: WireLimits.reasonByteCount) }))
    end(.success(()))
  }

  /// Ends the stream once everything is sent that is in the queue.
  func close(throwing error: RPCError) { end(.failure(error)) }

  private func end(_ end: Result<Void, RPCError>) {
    state.withLock { if $0.end == nil { $0.end = end } }
    tell.yield()
    close.finish()
  }

  private func put(_ outgoing: Outgoing) {
    let isFull = state.withLock { state in
      guard state.end == nil, state.queue.count < Self.capacity else { return state.end == nil }
      state.queue.append(outgoing)
      return false
    }
    if isFull {
      close(throwing: RPCError(code: .resourceExhausted, message: "the client does not read what it is sent"))
    }
    tell.yield()
  }

  /// Writes what is put in until the stream is to end.
  ///
  /// - Parameter onSent: called with the party and the bytes of a model that has been sent.
  func write(
    to writer: RPCWriter<Fluxion_V1_ServerMessage>, chunkByteCount: Int,
    onSent: @Sendable (_ party: Int, _ bytes: Int) -> Void
  ) async throws {
    // The client keeps the programs of its latest task.
    var kept: Set<Data> = []
    for await _ in news {
      let (queue, end, party) = state.withLock { state in
        defer { state.queue.removeAll() }
        return (state.queue, state.end, state.introduced?.party)
      }
      // As many messages as possible with one write: each is a way from thread to thread and back.
      var messages: [Fluxion_V1_ServerMessage] = []
      for outgoing in queue {
        switch outgoing {
        case .message(let kind): messages.append(.with { $0.kind = kind })
        case .parcel(let parcel):
          for program in parcel.programs where !kept.contains(program.digest) {
            messages.append(.with { $0.program = program.message })
          }
          kept = Set(parcel.programs.map(\.digest))
          let body = parcel.body
          messages.append(.with { $0.task = parcel.assignment.message(body: body.declaration) })
          if !body.isInline {
            try await writer.write(contentsOf: messages)
            messages.removeAll()
            for chunk in body.chunks(of: chunkByteCount) {
              try await writer.write(.with { $0.chunk = chunk })
              try await Self.settle()
            }
          }
          if let party { onSent(party, body.byteCount) }
        }
      }
      if !messages.isEmpty { try await writer.write(contentsOf: messages) }
      if let end { return try end.get() }
    }
  }

  /// Returns when the event loops have taken what was written so far.
  ///
  /// A writer waits while its connection is full, and only the connection's loop knows that it is. While the loops are busy
  /// a writer would else leave a whole model with them, for each client.
  private static func settle() async throws {
    for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try await loop.submit {}.get() }
  }

  /// Returns when the stream has ended and the client has had time to read what it was sent before: one that does not
  /// read would keep the stream open.
  ///
  /// - Throws: what the stream ends with; `CancellationError` if the task is cancelled before.
  func waitUntilOverdue() async throws {
    for await _ in closing {}
    try await Task.sleep(for: Self.timeToRead)
    try state.withLock { $0.end }?.get()
  }
}
