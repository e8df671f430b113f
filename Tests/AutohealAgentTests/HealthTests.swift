import TestSupport
import Testing

/// What `status` says of a volume that went bad after it was mounted.
@Suite("Health", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct HealthTests {
    private func mounted(_ filesystem: ExistingFilesystem = .ext4, _ flags: [String] = []) async throws -> TestVolume {
        let volume = try TestVolume(size: max(64 << 20, filesystem.minimumSize))
        try await filesystem.make(on: volume)
        let run = try await volume.run("mount", flags)
        #expect(run.exitCode == 0, "\(run)")
        return volume
    }

    private func expect(
        _ exitCode: Int32,
        _ fault: String?,
        cured: Bool = false,
        of volume: borrowing TestVolume,
        under wrapper: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let status = try await volume.agent.run(["status", "--json"], under: wrapper)
        #expect(status.exitCode == exitCode, "\(status)", sourceLocation: sourceLocation)
        let isHealthy = status.output.contains("\"healthy\" : true")
        #expect(isHealthy == (fault == nil), "\(status)", sourceLocation: sourceLocation)
        guard let fault else { return }
        #expect(status.output.contains("\"name\" : \"\(fault)\""), "\(status)", sourceLocation: sourceLocation)
        let saysCured = status.output.contains("\"cured_by_replacement\" : true")
        #expect(saysCured == cured, "\(status)", sourceLocation: sourceLocation)
    }

    private func fail(_ volume: borrowing TestVolume) throws {
        let name = volume.node.split(separator: "/").last ?? ""
        try Files.write("a test", to: "/sys/fs/ext4/\(name)/trigger_fs_error")
    }

    @Test func `a journal that was aborted is not healthy, although the mount says that it is writable`() async throws {
        let volume = try await mounted(.ext4, ["--options", "errors=remount-ro"])
        try await expect(0, nil, of: volume)
        try fail(volume)
        let write = try await Command.run("touch", ["\(volume.mountPoint)/file"])
        #expect(write.exitCode != 0)
        try await expect(74, "journal-aborted", cured: true, of: volume)
        let text = try await volume.agent.run(["status"])
        #expect(text.output.contains("NOT HEALTHY") && text.output.contains("since 20"), "\(text)")

        // Another run calls it no success either, and touches nothing.
        let run = try await volume.run()
        #expect(run.exitCode == 69 && run.log.contains("journal was aborted"), "\(run)")
        try await volume.unmount()
        let repaired = try await volume.run()
        #expect(repaired.exitCode == 0, "\(repaired)")
        try await expect(0, nil, of: volume)
    }

    /// Linux 6.1 and 6.12 tell of it nowhere else until the next write. The last one's journal lies in many pieces.
    @Test(arguments: [
        (["-t", "ext4"], 4096), (["-t", "ext3"], 4096), (["-t", "ext4", "-O", "^flex_bg", "-J", "size=64"], 1024),
    ])
    func `a journal that was aborted says so itself`(options: [String], blockSize: Int) async throws {
        let volume = try TestVolume(size: 256 << 20)
        try await Command.check("mke2fs", ["-q", "-F", "-b", "\(blockSize)"] + options + [volume.node])
        let first = try await volume.run()
        #expect(first.exitCode == 0, "\(first)")
        try await expect(0, nil, of: volume)
        let map = try await Command.run("debugfs", ["-R", "bmap <8> 0", volume.node])
        let block = try #require(Int(map.output.filter(\.isNumber))) * blockSize
        func note(_ error: String) async throws {
            let write = "printf '\(error)' | dd of=\(volume.node) bs=1 seek=\(block + 0x20) conv=notrunc"
            try await Command.check("sh", ["-c", write])
        }

        try await note(#"\377\377\377\373"#)
        try await expect(74, "journal-aborted", cured: true, of: volume)
        let refused = try await volume.run()
        #expect(refused.exitCode == 69 && refused.log.contains("journal was aborted"), "\(refused)")
        try await note(#"\0\0\0\0"#)
        let again = try await volume.run()
        #expect(again.exitCode == 0, "\(again)")
        try await expect(0, nil, of: volume)
    }

    @Test func `errors that the kernel met since the mount are named, those of an earlier life too`() async throws {
        let volume = try await mounted(.ext4, ["--no-check"])
        try fail(volume)
        try await expect(0, "errors-recorded", of: volume)
        // A run that finds everything done forgets nothing.
        let again = try await volume.run("mount", ["--no-check"])
        #expect(again.exitCode == 0, "\(again)")
        try await expect(0, "errors-recorded", of: volume)
        try await volume.unmount()
        let next = try await volume.run("mount", ["--no-check"])
        #expect(next.exitCode == 0, "\(next)")
        try await expect(0, "old-errors", of: volume)
        try await volume.unmount()
        let checked = try await volume.run()
        #expect(checked.exitCode == 0, "\(checked)")
        try await expect(0, nil, of: volume)
    }

    @Test func `an xfs that was shut down is not healthy`() async throws {
        let volume = try await mounted(.xfs)
        try await expect(0, nil, of: volume)
        try await Command.check("xfs_io", ["-x", "-c", "shutdown", volume.mountPoint])
        try await expect(74, "shut-down", cured: true, of: volume)
    }

    @Test func `a file system that is full, or has no inodes left, is not cured by another instance`() async throws {
        let volume = try await mounted()
        _ = try await Command.run("dd", ["if=/dev/zero", "of=\(volume.mountPoint)/file", "bs=1M"])
        try await expect(73, "full", of: volume)
        try await Command.check("rm", ["\(volume.mountPoint)/file"])
        try await expect(0, nil, of: volume)

        _ = try await Command.run(
            "sh",
            ["-c", "i=0; while : > \"$0/$i\"; do i=$((i+1)); done 2>/dev/null", volume.mountPoint]
        )
        try await expect(73, "no-inodes", of: volume)
    }

    @Test func `a volume that was enlarged while it is mounted says so`() async throws {
        let volume = try await mounted()
        try Files.makeSparse(volume.image, size: 256 << 20)
        try await Command.check("losetup", ["--set-capacity", volume.node])
        try await expect(0, "smaller-than-device", of: volume)
        let run = try await volume.run()
        #expect(run.exitCode == 0 && run.log.contains("grow"), "\(run)")
    }

    @Test func `a read that fails or hangs is seen, and the answer does not hang with it`() async throws {
        let volume = try await mounted()
        try await expect(
            74,
            "read-failed",
            cured: true,
            of: volume,
            under: Strace.wrapper(["pread64:error=EIO"], path: volume.node)
        )
        try await expect(
            74,
            "read-hangs",
            cured: true,
            of: volume,
            under: Strace.wrapper(["pread64:delay_enter=8000000"], path: volume.node)
        )
        try await expect(0, nil, of: volume)
    }
}
