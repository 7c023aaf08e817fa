import FluxionWire
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOHTTP2
import NIOSSL
import Synchronization

/// What a connection may take of a server before it has shown that it is a party's.
///
/// gRPC's transport has no time for the handshake, and leaves an idle connection open that does not answer its goodbye.
/// Here a connection on which no party has a call open for eight seconds is closed, whatever it was doing: connecting,
/// shaking hands, sending a byte now and then, enrolling, or nothing; and three seconds after the last call. The
/// transport also keeps a call that the server has ended, with all that belongs to it, until the client ends it, too; here
/// a client has a second for that. So a call that says nothing is gone within fifteen seconds, with its connection.
///
/// The transport calls the hooks that this uses callbacks for debugging; it has no others at these places.
struct ConnectionLimits: Sendable {
  /// For everything before a party's first call.
  var timeWithoutCall = TimeAmount.seconds(8)
  /// Between two calls.
  var timeAfterCall = TimeAmount.seconds(3)
  /// For the client to end a call that the server has ended.
  var timeAfterEnd = TimeAmount.seconds(1)
  /// Of connections at once; those beyond are closed as they come.
  var connections = 8192

  func apply(to configuration: inout HTTP2ServerTransport.Posix.Config) {
    let open = OpenConnections(limit: connections)
    let accept = configuration.channelDebuggingCallbacks.onAcceptTCPConnection
    configuration.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
      // A future that fails here would end the listener with this connection, so nothing fails: the connection is closed.
      guard open.enter() else {
        channel.close(promise: nil)
        return channel.eventLoop.makeSucceededVoidFuture()
      }
      channel.closeFuture.whenComplete { _ in open.leave() }
      return CompactReads.add(to: channel, before: accept).flatMapThrowing {
        try channel.pipeline.syncOperations.addHandler(CallWatch(self), position: .first)
      }.flatMapErrorThrowing { _ in channel.close(promise: nil) }
    }
    let acceptStream = configuration.channelDebuggingCallbacks.onAcceptHTTP2Stream
    configuration.channelDebuggingCallbacks.onAcceptHTTP2Stream = { stream in
      do {
        try stream.pipeline.syncOperations.addHandler(EndedCall(timeAfterEnd: timeAfterEnd), position: .first)
        // A stream lives on the event loop of its connection.
        guard let watch = try stream.parent?.pipeline.syncOperations.handler(type: CallWatch.self), watch.callBegan()
        else { return acceptStream?(stream) ?? stream.eventLoop.makeSucceededVoidFuture() }
        stream.closeFuture.assumeIsolated().whenComplete { _ in watch.callEnded() }
      } catch { stream.close(promise: nil) }
      return acceptStream?(stream) ?? stream.eventLoop.makeSucceededVoidFuture()
    }
  }
}

private final class OpenConnections: Sendable {
  private let limit: Int
  private let count = Atomic(0)

  init(limit: Int) { self.limit = limit }

  func enter() -> Bool {
    if count.add(1, ordering: .relaxed).newValue <= limit { return true }
    leave()
    return false
  }

  func leave() { count.subtract(1, ordering: .relaxed) }
}

/// Closes its connection when no call of a party has been open on it for a time.
final class CallWatch: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let limits: ConnectionLimits
  private var calls = 0
  private var context: ChannelHandlerContext?
  private var deadline: Scheduled<Void>?

  init(_ limits: ConnectionLimits) { self.limits = limits }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    wait(limits.timeWithoutCall)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    self.context = nil
  }

  /// - Returns: whether the call counts: not on a connection that is encrypted and has shown no certificate.
  func callBegan() -> Bool {
    let tls = try? context?.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
    if let tls, tls.peerCertificate == nil { return false }
    calls += 1
    deadline?.cancel()
    return true
  }

  func callEnded() {
    calls -= 1
    if calls == 0 { wait(limits.timeAfterCall) }
  }

  private func wait(_ time: TimeAmount) {
    guard let context else { return }
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
  }
}

/// Closes the stream of a call that the server has ended, if the client does not.
private final class EndedCall: ChannelOutboundHandler {
  typealias OutboundIn = HTTP2Frame.FramePayload

  private let timeAfterEnd: TimeAmount
  private var deadline: Scheduled<Void>?
  private var isRemoved = false

  init(timeAfterEnd: TimeAmount) { self.timeAfterEnd = timeAfterEnd }

  func handlerRemoved(context: ChannelHandlerContext) {
    isRemoved = true
    deadline?.cancel()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .headers(let headers) = unwrapOutboundIn(data), headers.endStream else {
      return context.write(data, promise: promise)
    }
    // From when it has left: whoever reads slowly is to have all of it.
    let written = promise ?? context.eventLoop.makePromise()
    written.futureResult.assumeIsolated().whenSuccess { self.closeSoon(context) }
    context.write(data, promise: written)
  }

  private func closeSoon(_ context: ChannelHandlerContext) {
    guard !isRemoved else { return }
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeAfterEnd) { context.close(promise: nil) }
  }
}
