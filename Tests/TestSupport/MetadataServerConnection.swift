import NIOCore

/// Reads one request and answers it as the script says.
final class MetadataServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: MetadataServerState
    private var head = ""
    private var isAnswered = false

    init(state: MetadataServerState) {
        self.state = state
    }

    func channelActive(context: ChannelHandlerContext) {
        state.opened(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        head += String(buffer: unwrapInboundIn(data))
        guard let end = head.firstRange(of: "\r\n\r\n") else { return }
        isAnswered = true
        let request = MetadataServerRequest(head: String(head[..<end.lowerBound]))
        Self.perform(state.answer(to: request), on: context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The client went away, which is what most tests want it to do.
        context.close(promise: nil)
    }

    private static func perform(_ answer: MetadataServerAnswer, on channel: any Channel) {
        switch answer {
        case .bytes(let bytes):
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
        case .bytesThenSilence(let bytes):
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        case .drip(let bytes, let pause):
            drip(bytes[...], every: TimeAmount(pause), on: channel)
        case .endless(let first, let repeated):
            channel.writeAndFlush(ByteBuffer(bytes: first), promise: nil)
            // Large writes: the kernel takes megabytes before it refuses, and the event loop serves others too.
            let copies = 1 + 65536 / max(repeated.count, 1)
            flood(ByteBuffer(bytes: Array(repeating: repeated, count: copies).joined()), on: channel)
        }
    }

    private static func drip(_ bytes: ArraySlice<UInt8>, every pause: TimeAmount, on channel: any Channel) {
        guard let first = bytes.first else {
            channel.close(promise: nil)
            return
        }
        channel.writeAndFlush(ByteBuffer(bytes: [first])).whenSuccess {
            channel.eventLoop.scheduleTask(in: pause) { drip(bytes.dropFirst(), every: pause, on: channel) }
        }
    }

    private static func flood(_ buffer: ByteBuffer, on channel: any Channel) {
        // Each write waits for the one before it, so that the flood stops when the client stops reading.
        channel.writeAndFlush(buffer).whenSuccess {
            channel.eventLoop.execute { flood(buffer, on: channel) }
        }
    }
}
