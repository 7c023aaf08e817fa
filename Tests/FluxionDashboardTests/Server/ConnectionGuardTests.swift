@testable import FluxionDashboard
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@Suite("Slow and long requests")
struct ConnectionGuardTests {
  /// A connection in a world where time moves when told to.
  private func connection(_ limits: ConnectionGuard.Limits = .init()) throws -> EmbeddedChannel {
    let channel = EmbeddedChannel()
    try channel.pipeline.syncOperations.addHandler(Parts())
    try channel.pipeline.syncOperations.addHandler(ConnectionGuard(limits))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    return channel
  }

  /// Stands for the parser: h, b and e are head, body and end.
  private final class Parts: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      for letter in String(buffer: bytes) {
        let part: HTTPRequestPart? =
          switch letter {
          case "h": .head(HTTPRequest(method: .get, scheme: "http", authority: "x", path: "/"))
          case "b": .body(ByteBuffer(string: "b"))
          case "e": .end(nil)
          default: nil
          }
        if let part { context.fireChannelRead(wrapInboundOut(part)) }
      }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      context.write(wrapOutboundOut(ByteBuffer(string: "x")), promise: promise)
    }
  }

  private func answer(_ channel: EmbeddedChannel) throws {
    try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
    try channel.writeOutbound(HTTPResponsePart.end(nil))
  }

  @Test("a connection that says nothing is closed")
  func silent() throws {
    let channel = try connection()
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test("a byte a second keeps no connection open", arguments: ["?", "hb"])
  func slow(_ beginning: String) throws {
    let channel = try connection()
    try channel.writeInbound(ByteBuffer(string: beginning))
    for _ in 0..<11 where channel.isActive {
      channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      if channel.isActive { try channel.writeInbound(ByteBuffer(string: beginning == "?" ? "?" : "b")) }
    }
    #expect(!channel.isActive)
  }

  @Test("an answer before the end of a request does not spare it")
  func answeredEarly() throws {
    let channel = try connection()
    try channel.writeInbound(ByteBuffer(string: "hb"))
    try answer(channel)
    channel.embeddedEventLoop.advanceTime(by: .seconds(11))
    #expect(!channel.isActive)
  }

  @Test("a quiet response is let be, and afterwards the next request has its own time")
  func streams() throws {
    let channel = try connection()
    try channel.writeInbound(ByteBuffer(string: "he"))
    channel.embeddedEventLoop.advanceTime(by: .hours(3))
    #expect(channel.isActive)
    try answer(channel)
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    try channel.writeInbound(ByteBuffer(string: "he"))
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    try answer(channel)
    channel.embeddedEventLoop.advanceTime(by: .seconds(11))
    #expect(!channel.isActive)
  }

  @Test("a reader that does not take what is written is closed; one that does in time is not")
  func unread() throws {
    let channel = try connection()
    try channel.writeInbound(ByteBuffer(string: "he"))
    channel.isWritable = false
    channel.pipeline.fireChannelWritabilityChanged()
    channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    channel.isWritable = true
    channel.pipeline.fireChannelWritabilityChanged()
    channel.embeddedEventLoop.advanceTime(by: .seconds(60))
    #expect(channel.isActive)
    channel.isWritable = false
    channel.pipeline.fireChannelWritabilityChanged()
    channel.embeddedEventLoop.advanceTime(by: .seconds(31))
    #expect(!channel.isActive)
  }

  @Test("a request over the limit closes its connection; several within it do not")
  func long() throws {
    let limits = ConnectionGuard.Limits(byteCount: 10)
    let channel = try connection(limits)
    for _ in 0..<5 {
      try channel.writeInbound(ByteBuffer(string: "h" + String(repeating: "?", count: 8) + "e"))
      try answer(channel)
    }
    #expect(channel.isActive)
    try channel.writeInbound(ByteBuffer(string: String(repeating: "?", count: 11)))
    #expect(!channel.isActive)
  }
}
