import TestSupport
import Testing

@Suite("Foreign contents", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ForeignContentTests {
    @Test(arguments: ForeignContent.allCases)
    func `what is not blank is refused by name, and not one byte of it changes`(content: ForeignContent) async throws {
        let volume = try TestVolume(size: content.size)
        try await content.write(to: volume)
        let before = try volume.snapshot()
        let sectors = volume.device.sectorsWritten

        for command in ["mount", "plan"] {
            let run = try await volume.run(command)
            #expect(run.exitCode == 65, "\(run)")
            let isRecognised = !content.named.contains("not blank") && !content.rawValue.contains("without its first")
            #expect(!isRecognised || !run.log.contains("Reading the device"), "\(run)")
            let said = run.log + run.output
            let node = volume.node
            #expect(said.contains(node), "\(run)")
            for word in content.named { #expect(said.contains(word), "\(run)") }
        }

        let sectorsAfter = volume.device.sectorsWritten
        #expect(sectorsAfter == sectors)
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
    }

    @Test(arguments: [ForeignContent.gpt, .lvm, .luks2, .raid, .swap, .squashfsAndExt4, .badChecksum])
    func `giving up the blankness check does not give up what is recognised`(content: ForeignContent) async throws {
        let volume = try TestVolume(size: content.size)
        try await content.write(to: volume)
        let before = try volume.snapshot()
        let run = try await volume.run("mount", ["--format", "if-no-signature"])
        #expect(run.exitCode == 65, "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `giving up the blankness check formats what is not recognised`() async throws {
        let volume = try TestVolume()
        try await ForeignContent.random.write(to: volume)
        let run = try await volume.run("mount", ["--format", "if-no-signature"])
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.did("format"), "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        try await volume.unmount()
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }

    /// Head, tail, the ext backups (1, 2 and 4 KiB blocks), the btrfs mirrors and samples in between; sizes such that each
    /// is sampled.
    @Test(
        arguments: [
            (64 << 20, 0), (64 << 20, 511), (64 << 20, (4 << 20) - 1), (64 << 20, (60 << 20)),
            (64 << 20, (64 << 20) - 1),
            (64 << 20, (64 << 20) - (128 << 10) + 17), (64 << 20, 1024 * 8193 + 5), (256 << 20, 2048 * 16384 + 1),
            (256 << 20, 4096 * 32768 + 1023), (1 << 30, 4096 * 98304 + 56), (256 << 20, 64 << 20),
            (300 << 30, (256 << 30) + 64), (1 << 40, (1 << 40) - (3 << 20)), (1 << 30, 8_355_840 + 7),
            (64 << 20, 4_423_680),
        ] as [(UInt64, UInt64)]
    )
    func `one byte at a sampled place is enough to refuse`(size: UInt64, offset: UInt64) async throws {
        let volume = try TestVolume(size: size)
        try Files.overwrite(volume.image, at: offset, with: [1])
        let before = try volume.snapshot()
        let run = try await volume.run()
        #expect(run.exitCode == 65, "\(run)")
        #expect(run.log.contains("not blank") && run.log.contains("offset \(offset)"), "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }
}
