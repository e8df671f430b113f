import NIOCore
import NIOHTTP1

/// Answers the first request of a connection, and closes it.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (HealthServer.Request) -> HealthServer.Answer?
    private var head: HTTPRequestHead?
    private var isAnswered = false

    init(answer: @escaping @Sendable (HealthServer.Request) -> HealthServer.Answer?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            respond(to: head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isAnswered, error is HTTPParserError else { return context.close(promise: nil) }
        switch error as? HTTPParserError {
        case .headerOverflow?: refuse(.requestHeaderFieldsTooLarge, context)
        case .invalidMethod?: refuseMethod(context)
        default: refuse(.badRequest, context)
        }
    }

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard head.method == .GET || head.method == .HEAD else {
            return refuseMethod(context)
        }
        let request = HealthServer.Request(
            path: Self.path(head.uri),
            isLocal: context.remoteAddress?.isLoopback ?? false
        )
        let answer = answer(request)
        let status = answer.map { HTTPResponseStatus(statusCode: $0.status) } ?? .notFound
        write(answer ?? Self.plain(.notFound), status, isHead: head.method == .HEAD, context)
    }

    /// Of a target in its origin form, or in its absolute one (RFC 9112, 3.2.2).
    private static func path(_ target: String) -> String {
        var rest = target[...]
        if rest.lowercased().hasPrefix("http://") {
            rest = rest.dropFirst("http://".count).drop { $0 != "/" }
        }
        return String(rest.prefix { $0 != "?" && $0 != "#" })
    }

    private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        write(Self.plain(status), status, isHead: false, context)
    }

    private func refuseMethod(_ context: ChannelHandlerContext) {
        write(
            Self.plain(.methodNotAllowed),
            .methodNotAllowed,
            isHead: false,
            headers: [("Allow", "GET, HEAD")],
            context
        )
    }

    private static func plain(_ status: HTTPResponseStatus) -> HealthServer.Answer {
        HealthServer.Answer(
            status: Int(status.code),
            contentType: "text/plain; charset=utf-8",
            body: "\(status.reasonPhrase)\n"
        )
    }

    private func write(
        _ answer: HealthServer.Answer,
        _ status: HTTPResponseStatus,
        isHead: Bool,
        headers others: [(String, String)] = [],
        _ context: ChannelHandlerContext
    ) {
        isAnswered = true
        var headers = HTTPHeaders(others)
        headers.add(name: "Content-Type", value: answer.contentType)
        headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
        headers.add(name: "Cache-Control", value: "no-store")
        headers.add(name: "Connection", value: "close")
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil
        )
        if !isHead {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}

extension SocketAddress {
    fileprivate var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6:
            ["::1", "::ffff:127."].contains { ipAddress == $0 || $0.hasSuffix(".") && ipAddress?.hasPrefix($0) == true }
        case .unixDomainSocket: true
        }
    }
}
