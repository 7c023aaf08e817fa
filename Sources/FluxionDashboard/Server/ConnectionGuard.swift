import NIOCore
import NIOHTTPTypes

/// Closes connections that are slow: a request has so long to arrive in full, also the first and the next one of a
/// connection, and what is written has so long to be read. A request that is too long closes its connection too.
///
/// A response that is quiet, such as a stream of events, is let be.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  struct Limits: Sendable {
    /// For a request, from the end of the one before.
    var request = TimeAmount.seconds(10)
    /// For the reader to take what was written.
    var reading = TimeAmount.seconds(30)
    /// Of a request: line, header and body.
    var byteCount = 64 << 10
  }

  private let limits: Limits
  private let counter: ByteCounter
  private var requestDeadline: Scheduled<Void>?
  private var readingDeadline: Scheduled<Void>?
  /// Requests that have arrived and are not answered in full.
  private var unanswered = 0
  private var isArriving = true

  init(_ limits: Limits) {
    self.limits = limits
    counter = ByteCounter(limit: limits.byteCount)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    // In front of the parser, which itself has no limit for the request's line.
    do { try context.pipeline.syncOperations.addHandler(counter, position: .first) } catch {
      context.close(promise: nil)
    }
    if context.channel.isActive { awaitRequest(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { cancel() }

  func channelActive(context: ChannelHandlerContext) {
    awaitRequest(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      unanswered += 1
      isArriving = true
      if requestDeadline == nil { awaitRequest(context) }
    case .body: break
    case .end:
      isArriving = false
      counter.count = 0
      requestDeadline?.cancel()
      requestDeadline = nil
      // Answered before its end.
      if unanswered == 0 { awaitRequest(context) }
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      unanswered -= 1
      if unanswered == 0, !isArriving { awaitRequest(context) }
    }
    context.write(data, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    readingDeadline?.cancel()
    readingDeadline = nil
    if !context.channel.isWritable { readingDeadline = close(context, in: limits.reading) }
    context.fireChannelWritabilityChanged()
  }

  private func awaitRequest(_ context: ChannelHandlerContext) {
    guard requestDeadline == nil else { return }
    requestDeadline = close(context, in: limits.request)
  }

  private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  private func cancel() {
    requestDeadline?.cancel()
    readingDeadline?.cancel()
    (requestDeadline, readingDeadline) = (nil, nil)
  }
}

/// Counts the bytes of a request as they come from the socket.
private final class ByteCounter: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let limit: Int
  var count = 0

  init(limit: Int) { self.limit = limit }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    count += unwrapInboundIn(data).readableBytes
    guard count <= limit else { return context.close(promise: nil) }
    context.fireChannelRead(data)
  }
}
