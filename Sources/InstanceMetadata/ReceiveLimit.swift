import NIOCore

/// Ends a connection that brings more bytes than allowed, before anything parses or keeps them.
///
/// Counting here, on the wire, covers headers, body, chunk extensions, trailers and informational answers alike.
final class ReceiveLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: Int
    private var received = 0

    init(limit: Int) {
        self.limit = limit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        guard received <= limit else {
            context.fireErrorCaught(MetadataError.Cause.tooLarge(limit: limit))
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }
}
