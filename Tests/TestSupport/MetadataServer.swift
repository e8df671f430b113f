package import NIOCore
import NIOPosix

/// A metadata service on a loopback address and a free port that can be as hostile as a test needs.
package struct MetadataServer: Sendable {
    private let channel: any Channel
    private let state: MetadataServerState

    /// One thread for the clients of test servers, as in the agent; never shut down.
    package static let clientGroup: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Starts to listen on `127.0.0.1` or `::1`.
    package static func start(
        _ script: MetadataServerScript = .healthy,
        host: String = "127.0.0.1",
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> MetadataServer {
        precondition(["127.0.0.1", "::1"].contains(host), "a metadata server for tests listens on loopback only")
        let state = MetadataServerState(script: script)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(MetadataServerConnection(state: state))
                }
            }
            .bind(host: host, port: 0)
            .get()
        return MetadataServer(channel: channel, state: state)
    }

    /// Runs the body with a server that is stopped when the body ends, however it ends.
    package static func run<Value>(
        _ script: MetadataServerScript = .healthy,
        host: String = "127.0.0.1",
        _ body: (MetadataServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(script, host: host)
        do {
            let value = try await body(server)
            try await server.stop()
            return value
        } catch {
            try? await server.stop()
            throw error
        }
    }

    /// Stops to listen and closes every connection.
    package func stop() async throws {
        try await channel.close()
        state.closeConnections()
    }

    package var port: Int { channel.localAddress?.port ?? 0 }

    /// What `AWS_EC2_METADATA_SERVICE_ENDPOINT` must be to reach this server.
    package var url: String {
        channel.localAddress?.protocol == .inet6 ? "http://[::1]:\(port)" : "http://127.0.0.1:\(port)"
    }

    /// The requests so far, in the order in which they came.
    package var requests: [MetadataServerRequest] { state.snapshot.requests }

    /// Everything counted so far.
    package var snapshot: MetadataServerSnapshot { state.snapshot }

    /// Replaces what is answered from now on.
    package func replaceScript(_ script: MetadataServerScript) {
        state.replaceScript(script)
    }

    /// Waits until what was counted satisfies the condition; throws `CancellationError` when cancelled.
    package func wait(until condition: @escaping @Sendable (MetadataServerSnapshot) -> Bool) async throws {
        try await state.wait(until: condition)
    }
}
