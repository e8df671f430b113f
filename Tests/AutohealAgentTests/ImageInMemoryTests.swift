import TestSupport
import Testing

/// Where the file system is made before a block of it is written, and what it costs later.
@Suite("Image of a new file system", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ImageInMemoryTests {
    /// Runs the agent where almost no memory is available, by what the kernel says.
    private func withoutMemory(_ volume: borrowing TestVolume, _ script: String = "") async throws -> AgentRun {
        let memory = "\(volume.directory.path)/meminfo"
        try Files.write("MemTotal:       1000000 kB\nMemAvailable:       256 kB\n", to: memory)
        return try await volume.run(under: [
            "unshare", "--mount", "sh", "-c", "mount --bind \(memory) /proc/meminfo && \(script) exec \"$@\"", "sh",
        ])
    }

    @Test func `what does not go into a quarter of the memory goes to the root disk`() async throws {
        let volume = try TestVolume(size: 1 << 30)
        let run = try await withoutMemory(volume)
        #expect(run.exitCode == 0 && run.log.contains("/var/tmp"), "\(run)")
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }

    @Test func `where that has no room either, it is said in words and nothing is written`() async throws {
        let volume = try TestVolume(size: 1 << 30)
        let run = try await withoutMemory(volume, "mount -t tmpfs -o size=64k none /var/tmp &&")
        #expect(run.exitCode == 78, "\(run)")
        #expect(run.log.contains("quarter of the available memory") && run.log.contains("/var/tmp"), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `the kernel has no inode tables left to write after the mount`() async throws {
        let volume = try TestVolume(size: 1 << 30)
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        let listing = try await Command.check("dumpe2fs", [volume.node])
        let groups = listing.split(separator: "\n").filter { $0.hasPrefix("Group ") && $0.contains("(Blocks") }
        #expect(groups.count == 8 && groups.allSatisfy { $0.contains("ITABLE_ZEROED") }, "\(groups)")
    }

    /// A device whose sectors and topology mkfs.ext4 would ask about, made with and without the agent.
    @Test(arguments: [512, 4096] as [UInt32])
    func `the file system is the one that mkfs.ext4 makes on the device itself`(sector: UInt32) async throws {
        let volume = try TestVolume(size: 300 << 20, attached: false)
        try volume.device.attach(volume.image, blockSize: sector)
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        let ours = try await Self.layout(of: volume.node)
        let other = try TestVolume(size: 300 << 20, attached: false)
        try other.device.attach(other.image, blockSize: sector)
        try await Command.check("mkfs.ext4", ["-q", other.node])
        let theirs = try await Self.layout(of: other.node)
        #expect(ours == theirs)
    }

    /// What dumpe2fs(8) tells of a file system, but for what is of the moment or of a mount.
    private static func layout(of node: String) async throws -> [Substring] {
        let changing = [
            "UUID", "time", "created", "checked", "Hash Seed", "Checksum", "Mount count", "features", "Lifetime",
        ]
        return try await Command.check("dumpe2fs", ["-h", node]).split(separator: "\n").filter { line in
            line.contains(":") && !changing.contains { line.contains($0) } && !line.hasPrefix("Journal")
                && !line.hasPrefix("Last mounted")
        }
    }
}
