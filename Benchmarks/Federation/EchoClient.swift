import FluxionClient
import FluxionWire
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import Synchronization

/// A client that computes nothing: it reads the parameters, and sends as many bytes back once it has all of them.
struct EchoClient: Sendable {
  var introduction: Introduction
  var port: Int
  var security: ClientSecurity

  func run() async throws {
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: security.transport(),
      config: security.settings(host: "127.0.0.1"))
    let (queue, outbox) = AsyncStream<Outgoing>.makeStream()
    try await withGRPCClient(transport: transport) { client in
      try await Fluxion_V1_Federation.Client(wrapping: client).join { writer in
        try await writer.write(.with { $0.hello = introduction.message })
        var announced: OutgoingBody?
        for await outgoing in queue {
          switch outgoing {
          case .update(let update):
            announced = Self.body(of: Int(update.body.byteCount / 4))
            try await writer.write(.with { $0.update = update })
          case .body(let chunkByteCount):
            guard let announced else { continue }
            for chunk in announced.chunks(of: chunkByteCount) { try await writer.write(.with { $0.chunk = chunk }) }
          }
        }
      } onResponse: { response in
        defer { outbox.finish() }
        var (welcome, update, missing) = (Fluxion_V1_Welcome(), Fluxion_V1_Update(), UInt64(0))
        for try await message in response.messages {
          switch message.kind {
          case .welcome(let message): welcome = message
          case .task(let task):
            (update.run, update.round, update.task) = (welcome.run, task.round, task.task)
            (update.samples, update.steps, update.lossCount) = (1, 1, 1)
            update.body = Self.body(of: Int(task.body.byteCount / 4)).declaration
            missing = task.body.byteCount
            if !task.body.data.isEmpty { outbox.yield(.update(update)) }
          case .chunk(let chunk):
            missing -= UInt64(chunk.data.count)
            if missing == 0 { outbox.yield(.update(update)) }
          case .proceed: outbox.yield(.body(chunkByteCount: Int(welcome.chunkBytes)))
          case .farewell: return
          default: break
          }
        }
      }
    }
  }

  private enum Outgoing: Sendable {
    case update(Fluxion_V1_Update)
    case body(chunkByteCount: Int)
  }

  private static let bodies = Mutex<[Int: OutgoingBody]>([:])

  /// One for all clients: what is measured is how it travels.
  private static func body(of count: Int) -> OutgoingBody {
    bodies.withLock { bodies in
      if let known = bodies[count] { return known }
      let made = OutgoingBody([("update", [Float](repeating: 1e-6, count: count))])
      bodies[count] = made
      return made
    }
  }
}
