import FluxionCalculus
import FluxionData
import FluxionWire
import GRPCCore
import NIOCore
import NIOPosix
import Testing

@testable import FluxionClient
@testable import FluxionServer

/// Lengths below those of messages, which a client of gRPC never gets wrong.
@Suite("Declared lengths of frames", .timeLimit(.minutes(10)))
struct FramingTests {
  /// A frame of HTTP/2 (RFC 9113).
  private static func frame(
    _ type: UInt8, flags: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = [], declaring count: Int? = nil
  ) -> [UInt8] {
    let count = count ?? payload.count
    return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags, 0, 0, 0, stream]
      + payload
  }

  /// The headers of a call (RFC 7541), none of them compressed.
  private static var call: [UInt8] {
    func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    let path = "/" + Fluxion_V1_Federation.Method.Join.descriptor.fullyQualifiedMethod
    let headers: [[UInt8]] = [
      [0x83, 0x86], [0x04] + text(path), [0x01] + text("localhost"), [0x0f, 0x10] + text("application/grpc"),
      [0x00] + text("te") + text("trailers"),
    ]
    return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4)
      + frame(1, flags: 4, stream: 1, Array(headers.joined()))
  }

  /// Tells what it reads.
  private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let heard: AsyncStream<[UInt8]>.Continuation

    init(_ heard: AsyncStream<[UInt8]>.Continuation) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      heard.yield(Array(buffer: unwrapInboundIn(data)))
    }

    func channelInactive(context: ChannelHandlerContext) { heard.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  /// The types of the frames of a stream that the server sends before it has ended that stream or the connection.
  private func answer(_ port: Int, to bytes: [UInt8], stream: UInt8) async throws -> [UInt8] {
    let (reads, heard) = AsyncStream<[UInt8]>.makeStream()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Listener(heard)) }
      }
      .connect(host: "127.0.0.1", port: port).get()
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    var (rest, types) = ([UInt8](), [UInt8]())
    for await read in reads {
      rest += read
      while rest.count >= 9 {
        let count = Int(rest[0]) << 16 | Int(rest[1]) << 8 | Int(rest[2])
        guard rest.count >= 9 + count else { break }
        if rest[8] == stream { types.append(rest[3]) }
        rest.removeFirst(9 + count)
        // The end of a stream, or of all of them.
        if let last = types.last, last == 3 || last == 7 {
          try? await channel.close()
          return types
        }
      }
    }
    return types
  }

  @Test("a message of four gigabytes, or a frame over the limit, is not waited for, and the next is served")
  func declared() async throws {
    var configuration = try GRPCTransport.Configuration(parties: ["a"], run: "test")
    // Whoever is waited for stays for as long.
    configuration.greetingTimeout = .seconds(3600)
    let transport = try GRPCTransport(.digits, input: [8, 8, 1], configuration)
    let data = try Dataset.digits().all
    try await FederationServer(transport).serve { port in
      let message = Self.frame(0, stream: 1, [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])
      #expect(try await answer(port, to: Self.call + message, stream: 1).last == 3)
      let one = WireLimits.messageByteCount + 1
      let over = Self.frame(0, stream: 1, [0] + (0..<4).map { UInt8(one >> (24 - 8 * $0) & 255) })
      #expect(try await answer(port, to: Self.call + over, stream: 1).last == 3)
      let frame = Self.frame(0, stream: 1, [0, 0], declaring: WireLimits.frameByteCount + 1)
      #expect(try await answer(port, to: Self.call + frame, stream: 0).last == 7)
      let event = try await Talk.open(port) { (talk: inout Talk) async throws in
        talk.greet("a", data)
        return try await talk.next()
      }
      guard case .joined = event else { return #expect(Bool(false), "\(event as Any)") }
    }
  }
}
