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

    /// flock(2) on two nodes of one device does not conflict: another container's /dev, or mknod(1).
    @Test(arguments: 1...5)
    func `by two nodes of one device one agent formats and mounts it, and the other writes nothing`(round: Int)
        async throws
    {
        let volume = try TestVolume(size: 256 << 20)
        let copy = "\(volume.directory.path)/copy"
        let number = volume.device.deviceNumber.split(separator: ":").map(String.init)
        try await Command.check("mknod", [copy, "b"] + number)
        let other = try ScratchDirectory()
        let otherAgent = Agent(in: other.path)
        let otherFlags = ["mount", "--device", copy, "--mount-point", "\(other.path)/data"]
        let flags = volume.flags() + Self.patience
        async let one = volume.agent.run(flags)
        async let two = otherAgent.run(otherFlags + ["--tries", "1", "--interval", "0"])
        let runs = try await [one, two]
        #expect(runs.filter { $0.did("format") }.count == 1, "\(runs)")
        // The kernel lets both mount the one file system that there is then.
        #expect(runs.contains { $0.exitCode == 0 }, "\(runs)")
        #expect(runs.allSatisfy { [0, 69, 75].contains($0.exitCode) }, "\(runs)")
        for (run, place) in zip(runs, [volume.mountPoint, "\(other.path)/data"]) where run.exitCode == 0 {
            #expect(Mounts.at(place).count == 1)
            try await Command.check("umount", [place])
        }
        try await Eventually.holds("the device is free") { (try? HeldDevice(volume.node, .exclusive)) != nil }
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
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

    /// A child that one volume's thread starts has, until it has become mkfs, whatever another volume has open.
    @Test(arguments: 1...3)
    func `one agent formats sixteen blank volumes at once`(round: Int) async throws {
        let volumes = try (0..<16).map { _ in try TestVolumeBox() }
        let file = "\(volumes[0].volume.directory.path)/config.toml"
        let tables = volumes.map { box in
            """
            [[volume]]
            device = "\(box.volume.node)"
            mount-point = "\(box.volume.mountPoint)"
            tries = 1
            interval = 0

            """
        }
        try Files.write(tables.joined(), to: file)
        let run = try await volumes[0].volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run.lines("ERROR"))")
        for box in volumes {
            let isMounted = box.volume.isMounted
            #expect(isMounted)
        }
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
