import NIOCore
import NIOHTTP1

/// Sends one request as soon as the connection stands and keeps a promise with the body of the answer.
///
/// Any other status than 200 breaks the promise at once: no redirect is followed and no error page is read.
/// NIO's own aggregator (`NIOHTTPClientResponseAggregator`) would wait for the end of an error page first.
final class ResponseCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let promise: EventLoopPromise<ByteBuffer>
    private var body = ByteBuffer()

    init(request: HTTPRequestHead, promise: EventLoopPromise<ByteBuffer>) {
        self.request = request
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status == .ok else {
                promise.fail(MetadataError.Cause.status(Int(head.status.code)))
                return
            }
        case .body(var part): body.writeBuffer(&part)
        case .end: promise.succeed(body)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(MetadataError.Cause(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(MetadataError.Cause.closedEarly)
    }
}
