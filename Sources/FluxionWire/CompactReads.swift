package import NIOCore

/// Hands on what was read from a connection in pieces of a moderate size, each in a buffer of its own.
///
/// A reader that decrypts collects half a megabyte and hands it on in a buffer that it keeps. The decoder of HTTP/2 keeps
/// it too, and copies whole buffers when more comes: that is most of what a model's way over an encrypted connection costs.
package final class CompactReads: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias InboundOut = ByteBuffer

  /// As much as a reader that does not decrypt takes at once.
  private static let pieceByteCount = 64 << 10

  /// - Parameter secure: adds the handler that decrypts, if there is one, which then comes before this.
  package static func add(
    to channel: any Channel, before secure: (@Sendable (any Channel) -> EventLoopFuture<Void>)?
  ) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(CompactReads(), position: .first)
    }.flatMap { secure?(channel) ?? channel.eventLoop.makeSucceededVoidFuture() }
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    guard bytes.storageCapacity > Self.pieceByteCount else { return context.fireChannelRead(data) }
    while let piece = bytes.readSlice(length: min(bytes.readableBytes, Self.pieceByteCount)), piece.readableBytes > 0 {
      context.fireChannelRead(wrapInboundOut(context.channel.allocator.buffer(buffer: piece)))
    }
  }
}
