import Dispatch
import InstanceMetadata
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct MetadataWatchTests {
    typealias Script = MetadataServerScript

    private let quick = Backoff(first: .milliseconds(1), maximum: .milliseconds(2))
    private let endless = Backoff(first: .seconds(3600), maximum: .seconds(3600))

    @Test func `It asks again until the service answers`() async throws {
        let script = Script.healthy
            .answering(Script.tokenPath, .response(status: 500), .close, .response(body: Script.token))
            .answering(Script.documentPath, .response(body: "{"), .response(body: Script.document))
        try await MetadataServer.run(script) { server in
            let causes = Mutex<[MetadataError.Cause]>([])
            let client = try MetadataClient(url: server.url)
            let identity = try await client.identity(retrying: quick) { error in
                causes.withLock { $0.append(error.cause) }
            }
            #expect(identity == .healthy)
            #expect(causes.withLock { $0 } == [.status(500), .closedEarly, .unusable])
        }
    }

    @Test(arguments: [Script.tokenPath, Script.documentPath])
    func `A disabled service is not asked again`(path: String) async throws {
        try await MetadataServer.run(Script.healthy.answering(path, .response(status: 403))) { server in
            let client = try MetadataClient(url: server.url)
            await #expect(throws: MetadataError.self) {
                try await client.identity(retrying: endless) { _ in Issue.record("retried") }
            }
            #expect(server.snapshot.count(of: path) == 1)
        }
    }

    @Test func `Cancelling in an exchange closes it`() async throws {
        try await MetadataServer.run(.always(.silence)) { server in
            let limits = MetadataLimits(requestTimeout: .seconds(3600))
            let watch = try MetadataClient(url: server.url, limits: limits).watch { _ in Issue.record("identity") }
            try await server.wait { $0.requests.count == 1 }
            watch.cancel()
            #expect(await watch.value?.cause == .cancelled)
            try await server.wait { $0.openConnections == 0 }
        }
    }

    @Test func `Cancelling in a pause ends it`() async throws {
        try await MetadataServer.run(.always(.close)) { server in
            let (retries, retry) = AsyncStream.makeStream(of: MetadataError.self)
            let client = try MetadataClient(url: server.url)
            let watch = client.watch(
                retrying: endless,
                onRetry: { retry.yield($0) },
                onIdentity: { _ in Issue.record("identity") }
            )
            for await error in retries {
                #expect(error.cause == .closedEarly)
                break
            }
            watch.cancel()
            #expect(await watch.value?.cause == .cancelled)
        }
    }

    @Test func `Cancelling while connecting ends it`() async throws {
        let socket = try MetadataServerSocket(.hangs)
        let limits = MetadataLimits(requestTimeout: .seconds(3600))
        let watch = try MetadataClient(url: socket.url, limits: limits).watch { _ in Issue.record("identity") }
        watch.cancel()
        #expect(await watch.value?.cause == .cancelled)
    }

    @Test func `Tags that fail come later`() async throws {
        let script = Script.healthy.answering(
            Script.groupPath,
            .response(status: 500),
            .close,
            .response(body: "stateful-eu-west-1a")
        )
        try await MetadataServer.run(script) { server in
            let identities = Mutex<[InstanceIdentity]>([])
            let watch = try MetadataClient(url: server.url).watch(retrying: quick) { identity in
                identities.withLock { $0.append(identity) }
            }
            #expect(await watch.value == nil)
            var incomplete = InstanceIdentity.healthy
            incomplete.autoScalingGroup = nil
            #expect(identities.withLock { $0 } == [incomplete, .healthy])
        }
    }

    @Test func `The threads can be shut down once a watch has ended`() async throws {
        for answer in [nil, MetadataServerAnswer.silence, .close] {
            let script = answer.map { Script.healthy.answering(Script.groupPath, $0) } ?? .healthy
            try await MetadataServer.run(script) { server in
                let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                let (identities, arrival) = AsyncStream.makeStream(of: InstanceIdentity.self)
                let watch = MetadataClient(endpoint: try MetadataEndpoint(url: server.url), group: group)
                    .watch { arrival.yield($0) }
                for await _ in identities { break }
                watch.cancel()
                _ = await watch.value
                try await group.shutdownGracefully()
            }
        }
    }

    @Test func `It needs no thread of the cooperative pool`() async throws {
        try await MetadataServer.run { server in
            let identity = try identityWithBlockedPool(MetadataClient(url: server.url))
            #expect(identity == .healthy)
        }
    }

    /// Holds every thread of the pool, its own included, until the identity has come.
    private func identityWithBlockedPool(_ client: MetadataClient) -> InstanceIdentity? {
        let blockers = 64
        let release = DispatchSemaphore(value: 0)
        for _ in 0..<blockers { Task { hold(release) } }

        let arrived = DispatchSemaphore(value: 0)
        let identity = Mutex<InstanceIdentity?>(nil)
        _ = client.watch { found in
            identity.withLock { $0 = found }
            arrived.signal()
        }
        _ = arrived.wait(timeout: .now() + 20)
        for _ in 0..<blockers { release.signal() }
        return identity.withLock { $0 }
    }

    private func hold(_ semaphore: DispatchSemaphore) {
        _ = semaphore.wait(timeout: .now() + 20)
    }
}
