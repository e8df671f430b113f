import NIOCore
import NIOHTTP1
import NIOPosix

/// One request on a connection of its own, which is closed as soon as the answer is known, whatever it is.
struct MetadataExchange: Sendable {
    /// The body of an answer with status 200.
    typealias Answer = Result<[UInt8], MetadataError>

    private let promise: EventLoopPromise<ByteBuffer>
    private let resource: MetadataResource
    private let endpoint: MetadataEndpoint

    /// Starts to connect; only addresses are connected to, so neither a resolver nor a proxy is ever asked.
    init(
        _ resource: MetadataResource,
        token: String?,
        endpoint: MetadataEndpoint,
        limits: MetadataLimits,
        on eventLoop: any EventLoop
    ) {
        let promise = eventLoop.makePromise(of: ByteBuffer.self)
        self.promise = promise
        self.resource = resource
        self.endpoint = endpoint

        let timeout = limits.requestTimeout
        let timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            promise.fail(MetadataError.Cause.timedOut(timeout))
        }
        // The timer fails when it is cancelled, too late to matter, and when the event loop shuts down.
        timer.futureResult.whenFailure { promise.fail(MetadataError.Cause($0)) }
        promise.futureResult.whenComplete { _ in timer.cancel() }

        let request = Self.head(resource, token: token, endpoint: endpoint)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout * 2))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.configure(channel, request: request, limits: limits, promise: promise)
                }
            }
        do {
            let address = try SocketAddress(ipAddress: endpoint.address, port: endpoint.port)
            bootstrap.connect(to: address).whenFailure { promise.fail(MetadataError.Cause($0)) }
        } catch {
            promise.fail(MetadataError.Cause.system(errno: 22))
        }
    }

    /// The answer; never fails as a future.
    var answer: EventLoopFuture<Answer> {
        promise.futureResult
            .map { .success(Array($0.readableBytesView)) }
            .flatMapErrorThrowing { [resource, endpoint] error in
                .failure(MetadataError(resource: resource, endpoint: endpoint, cause: MetadataError.Cause(error)))
            }
    }

    /// Ends the exchange unless it has ended; may be called from any thread, any number of times.
    func abandon(_ cause: MetadataError.Cause) {
        promise.fail(cause)
    }

    private static func configure(
        _ channel: any Channel,
        request: HTTPRequestHead,
        limits: MetadataLimits,
        promise: EventLoopPromise<ByteBuffer>
    ) throws {
        // Registered before the connection stands, so that an abandoned attempt to connect is closed as well.
        promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        var parserLimits = NIOHTTPDecoderLimitConfiguration()
        parserLimits.maxHeaderFieldSize = limits.maximumBytes
        parserLimits.maxHeaderListSize = limits.maximumBytes
        parserLimits.maxHeaderFieldCount = limits.maximumBytes
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes,
            informationalResponseStrategy: .drop,
            limitConfiguration: parserLimits
        )
        try channel.pipeline.syncOperations.addHandlers([
            ReceiveLimit(limit: limits.maximumBytes),
            HTTPRequestEncoder(),
            ByteToMessageHandler(decoder),
            NIOHTTPRequestHeadersValidator(),
            ResponseCollector(request: request, promise: promise),
        ])
    }

    private static func head(
        _ resource: MetadataResource,
        token: String?,
        endpoint: MetadataEndpoint
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders([("Host", endpoint.authority), ("Accept", "*/*"), ("Connection", "close")])
        if let token {
            headers.add(name: "X-aws-ec2-metadata-token", value: token)
        } else {
            headers.add(name: "X-aws-ec2-metadata-token-ttl-seconds", value: "60")
        }
        return HTTPRequestHead(
            version: .http1_1,
            method: resource.method,
            uri: endpoint.pathPrefix + resource.path,
            headers: headers
        )
    }
}
