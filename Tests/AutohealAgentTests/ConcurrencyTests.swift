import TestSupport
import Testing

@Suite("Agents at once", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ConcurrencyTests {
    private static let patience = ["--tries", "6", "--interval", "10"]

    private func run(_ agent: Agent, _ commands: [[String]]) async throws -> [AgentRun] {
        try await withThrowingTaskGroup(of: AgentRun.self) { group in
            for arguments in commands { group.addTask { try await agent.run(arguments + Self.patience) } }
            var runs: [AgentRun] = []
            for try await run in group { runs.append(run) }
            return runs
        }
    }

    @Test(arguments: 1...5)
    func `on one device one agent formats, and the others find it done`(round: Int) async throws {
        let volume = try TestVolume(size: 256 << 20)
        let runs = try await run(volume.agent, Array(repeating: volume.flags(), count: 3))
        #expect(runs.map(\.exitCode) == [0, 0, 0], "\(runs)")
        #expect(runs.filter { $0.did("format") }.count == 1, "\(runs)")
        #expect(runs.filter { $0.did("mount") }.count == 1, "\(runs)")
        let isMounted = volume.isMounted
        #expect(isMounted)
    }

    @Test func `on one device, agents with runtime directories of their own keep out of each other's way too`()
        async throws
    {
        let volume = try TestVolume(size: 256 << 20)
        let flags = volume.flags() + Self.patience
        let other = try ScratchDirectory()
        let otherAgent = Agent(in: other.path)
        async let one = volume.agent.run(flags)
        async let two = otherAgent.run(flags)
        let runs = try await [one, two]
        #expect(runs.map(\.exitCode) == [0, 0], "\(runs)")
        #expect(runs.filter { $0.did("format") }.count == 1, "\(runs)")
        let isMounted = volume.isMounted
        #expect(isMounted)
    }

    @Test(arguments: 1...5)
    func `on one mount point two devices are never stacked`(round: Int) async throws {
        let one = try TestVolume()
        let two = try TestVolume()
        let runs = try await run(one.agent, [one.flags(), one.flags() + ["--device", two.node]])
        #expect(runs.compactMap(\.exitCode).sorted() == [0, 69], "\(runs)")
        let mounts = Mounts.at(one.mountPoint)
        #expect(mounts.count == 1)
        let loser = one.isMounted ? try two.snapshot() : try one.snapshot()
        #expect(loser.isZero, "the device that was refused is as blank as before")
    }

    @Test func `four agents handle four devices at once`() async throws {
        let volumes = [try TestVolumeBox(), try TestVolumeBox(), try TestVolumeBox(), try TestVolumeBox()]
        let runs = try await run(volumes[0].volume.agent, volumes.map { $0.volume.flags() })
        #expect(runs.map(\.exitCode) == [0, 0, 0, 0], "\(runs)")
        for box in volumes {
            let isMounted = box.volume.isMounted
            #expect(isMounted)
        }
        let status = try await volumes[0].volume.agent.run(["status"])
        #expect(status.exitCode == 0, "\(status)")
        #expect(status.output.split(separator: "\n").filter { $0.contains(": healthy") }.count == 4, "\(status)")
    }
}

/// A volume that an array can hold.
private final class TestVolumeBox {
    let volume: TestVolume

    init() throws { volume = try TestVolume() }
}
