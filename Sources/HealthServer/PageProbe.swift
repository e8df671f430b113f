package import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks one page over plain HTTP, once, on a connection of its own.
package enum PageProbe {
    /// - Parameters:
    ///   - host: an address.
    ///   - time: for all of it.
    /// - Returns: the status code of the answer.
    package static func status(
        host: String,
        port: Int,
        path: String,
        within time: TimeAmount,
        on group: any EventLoopGroup
    ) async throws -> Int {
        let eventLoop = group.next()
        let promise = eventLoop.makePromise(of: Int.self)
        let timer = eventLoop.scheduleTask(in: time) { promise.fail(ChannelError.connectTimeout(time)) }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: path,
            headers: HTTPHeaders([("Host", authority), ("Accept", "*/*"), ("Connection", "close")])
        )
        ClientBootstrap(group: eventLoop)
            .connectTimeout(time)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                    try channel.pipeline.syncOperations.addHandlers([
                        HTTPRequestEncoder(),
                        ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)),
                        StatusReader(head, promise),
                    ])
                }
            }
            .connect(host: host, port: port)
            .whenFailure { promise.fail($0) }
        return try await promise.futureResult.get()
    }
}

/// Sends the request, and is content with the first line of the answer.
private final class StatusReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let promise: EventLoopPromise<Int>

    init(_ head: HTTPRequestHead, _ promise: EventLoopPromise<Int>) {
        self.head = head
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { promise.succeed(Int(head.status.code)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }

    func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
