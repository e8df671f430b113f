package import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers GET and HEAD over HTTP/1, one request on each connection, for anybody who can connect: everything is bounded.
package struct HealthServer: Sendable {
    package struct Limits: Sendable {
        /// At once; the oldest one makes room for a new one.
        package var connections = 1024
        /// For a whole exchange, from the connection to the last byte of the answer.
        package var time: TimeAmount = .seconds(5)
        /// Bytes of a request's line and headers.
        package var headerBytes = 8192

        package init() {}
    }

    package struct Request: Hashable, Sendable {
        package let path: String
        /// Whether the other side is this machine itself.
        package let isLocal: Bool
    }

    package struct Answer: Hashable, Sendable {
        package let status: Int
        package let contentType: String
        package let body: String

        package init(status: Int, contentType: String, body: String) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    private let channel: any Channel

    /// Listens.
    ///
    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - answer: nil for a path that there is not; called on the event loop, so it must not block.
    package static func start(
        host: String,
        port: Int,
        on group: any EventLoopGroup,
        limits: Limits = Limits(),
        answer: @escaping @Sendable (Request) -> Answer?
    ) async throws -> HealthServer {
        let connections = OpenConnections(limit: limits.connections)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, connections, limits, answer)
                }
            }
        return HealthServer(channel: try await bootstrap.bind(host: host, port: port).get())
    }

    package var port: Int? { channel.localAddress?.port }

    package func stop() async {
        try? await channel.close()
    }

    private static func configure(
        _ channel: any Channel,
        _ connections: OpenConnections,
        _ limits: Limits,
        _ answer: @escaping @Sendable (Request) -> Answer?
    ) throws {
        connections.add(channel)
        let timer = channel.eventLoop.scheduleTask(in: limits.time) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
        var parserLimits = NIOHTTPDecoderLimitConfiguration()
        parserLimits.maxHeaderFieldSize = limits.headerBytes
        parserLimits.maxHeaderListSize = limits.headerBytes
        parserLimits.maxHeaderFieldCount = 100
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: parserLimits)
        try channel.pipeline.syncOperations.addHandlers([
            HTTPResponseEncoder(), ByteToMessageHandler(decoder), RequestHandler(answer: answer),
        ])
    }
}
