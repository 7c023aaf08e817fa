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
    let (queue, outbox) = AsyncStream<Fluxion_V1_Update?>.makeStream()
    try await withGRPCClient(transport: transport) { client in
      try await Fluxion_V1_Federation.Client(wrapping: client).join { writer in
        try await writer.write(.with { $0.hello = introduction.message })
        var announced: OutgoingBody?
        for await update in queue {
          if let update {
            announced = Self.body(of: Int(update.body.byteCount / 4))
            try await writer.write(.with { $0.update = update })
          } else if let announced {
            for chunk in announced.chunks(of: 256 << 10) { try await writer.write(.with { $0.chunk = chunk }) }
          }
        }
      } onResponse: { response in
        defer { outbox.finish() }
        var (run, update, missing) = ("", Fluxion_V1_Update(), UInt64(0))
        for try await message in response.messages {
          switch message.kind {
          case .welcome(let welcome): run = welcome.run
          case .task(let task):
            (update.run, update.round, update.task) = (run, task.round, task.task)
            (update.samples, update.steps, update.lossCount) = (1, 1, 1)
            update.body = Self.body(of: Int(task.body.byteCount / 4)).declaration
            missing = task.body.byteCount
            if !task.body.data.isEmpty { outbox.yield(update) }
          case .chunk(let chunk):
            missing -= UInt64(chunk.data.count)
            if missing == 0 { outbox.yield(update) }
          case .proceed: outbox.yield(nil)
          case .farewell: return
          default: break
          }
        }
      }
    }
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
