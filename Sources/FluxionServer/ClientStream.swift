import FluxionCalculus
import FluxionCoordination
import FluxionWire
import Foundation
import GRPCCore
import Synchronization
import SwiftProtobuf

/// What is on its way to one client: a queue that one task writes to the stream.
final class ClientStream: Sendable {
  enum Outgoing: Sendable {
    case message(Fluxion_V1_ServerMessage.OneOf_Kind)
    case parcel(Parcel)
  }

  private let queue: AsyncThrowingStream<Outgoing, any Error>
  private let input: AsyncThrowingStream<Outgoing, any Error>.Continuation
  private let introduced = Mutex<(party: Int, Introduction)?>(nil)

  /// Far more than an honest client has coming to it: a task, and answers to what it sent.
  private static let capacity = 64

  init() {
    (queue, input) = AsyncThrowingStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
  }

  /// Whose stream it is; nil before the client has introduced itself.
  var client: (party: Int, introduction: Introduction)? { introduced.withLock { $0.map { ($0.0, $0.1) } } }

  func introduce(_ party: Int, _ introduction: Introduction) { introduced.withLock { $0 = (party, introduction) } }

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
    input.finish()
  }

  /// Ends the stream at once.
  func close(throwing error: RPCError) { input.finish(throwing: error) }

  private func put(_ outgoing: Outgoing) {
    if case .dropped = input.yield(outgoing) {
      close(throwing: RPCError(code: .resourceExhausted, message: "the client does not read what it is sent"))
    }
  }

  /// Writes what is put in until the stream is to end.
  ///
  /// - Parameter onSent: called with the party and the bytes of a model that has been sent.
  func write(
    to writer: RPCWriter<Fluxion_V1_ServerMessage>, chunkByteCount: Int, onSent: (_ party: Int, _ bytes: Int) -> Void
  ) async throws {
    // The client keeps the programs of its latest task.
    var kept: Set<Data> = []
    for try await outgoing in queue {
      switch outgoing {
      case .message(let kind):
        try await writer.write(.with { $0.kind = kind })
      case .parcel(let parcel):
        for program in parcel.programs where !kept.contains(program.digest) {
          try await writer.write(.with { $0.program = program.message })
        }
        kept = Set(parcel.programs.map(\.digest))
        try await writer.write(
          .with { $0.task = parcel.assignment.message(body: parcel.body.declaration) }, followedBy: parcel.body,
          in: chunkByteCount
        ) { chunk in .with { $0.chunk = chunk } }
        if let party = client?.party { onSent(party, Int(clamping: parcel.body.declaration.byteCount)) }
      }
    }
  }
}
