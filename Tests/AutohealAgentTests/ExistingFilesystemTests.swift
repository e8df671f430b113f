import TestSupport
import Testing

@Suite("Existing file system", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ExistingFilesystemTests {
    @Test(arguments: ExistingFilesystem.allCases)
    func `a file system is mounted as it is, with all its files`(filesystem: ExistingFilesystem) async throws {
        let volume = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: volume)
        let uuid = try await volume.tag("UUID")
        for boot in 1...2 {
            let run = try await volume.run()
            #expect(run.exitCode == 0, "boot \(boot): \(run)")
            #expect(!run.did("format"), "\(run)")
            let mounts = Mounts.at(volume.mountPoint)
            #expect(mounts.count == 1 && mounts.first?.type == filesystem.rawValue)
            #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
            let again = try await volume.run()
            #expect(again.exitCode == 0 && again.steps.isEmpty, "boot \(boot): \(again)")
            try await volume.unmount()
        }
        let after = try await volume.tag("UUID")
        #expect(after == uuid)
    }

    @Test(
        arguments: [
            (["--label", "other"], 78, "labelled 'kept'"), (["--filesystem", "ext4"], 78, "holds xfs"),
            (["--options", "no_such_option"], 71, "mount"), (["--options", "logbufs=banana"], 71, "mount"),
        ] as [([String], Int32, String)]
    )
    func `what does not fit the wish is refused and stays`(flags: [String], exit: Int32, word: String) async throws {
        let volume = try TestVolume(size: ExistingFilesystem.xfs.minimumSize)
        try await ExistingFilesystem.xfs.make(on: volume)
        let before = try volume.snapshot()
        let run = try await volume.run("mount", flags)
        #expect(run.exitCode == exit && run.log.contains(word), "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `a mount that fails after a format leaves the new file system, and the next run mounts it`() async throws
    {
        let volume = try TestVolume()
        let failed = try await volume.run("mount", ["--options", "no_such_option"])
        #expect(failed.exitCode == 71, "\(failed)")
        let uuid = try await volume.tag("UUID")
        #expect(!uuid.isEmpty)
        let repaired = try await volume.run()
        #expect(repaired.exitCode == 0 && !repaired.did("format"), "\(repaired)")
        let after = try await volume.tag("UUID")
        #expect(after == uuid)
    }

    @Test func `a file system that the kernel does not know is refused by the kernel and not formatted`() async throws {
        let volume = try TestVolume()
        // A minix superblock (version 1, 14-byte names) that libblkid believes.
        let superblock: [UInt16] = [32, 100, 1, 1, 5, 0, 0x1C00, 0x1008, 0x137F, 1]
        try Files.overwrite(volume.image, at: 1024, with: superblock.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        let before = try volume.snapshot()
        let run = try await volume.run()
        #expect(run.exitCode == 71 && run.log.contains("minix"), "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `an ext4 with small errors is repaired before it is mounted`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try await Command.check("debugfs", ["-w", "-R", "ssv free_blocks_count 1", volume.node])
        try await Command.check("debugfs", ["-w", "-R", "ssv state 2", volume.node])
        let run = try await volume.run()
        #expect(run.exitCode == 0 && run.did("check"), "\(run)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
        try await volume.unmount()
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }

    @Test func `an ext4 with errors that only a person may repair is refused, and its files stay`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        // Two files that claim the same block.
        try await Command.check("debugfs", ["-w", "-R", "copy_inode <13> <14>", volume.node])
        try await Command.check("debugfs", ["-w", "-R", "ssv state 2", volume.node])
        for _ in 0..<2 {
            let run = try await volume.run()
            #expect(run.exitCode == 65 && run.log.contains("e2fsck"), "\(run)")
        }
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        let kept = try await volume.run("mount", ["--no-check", "--options", "ro"])
        #expect(kept.exitCode == 0, "\(kept)")
        #expect(Files.text("\(volume.mountPoint)/file") == ExistingFilesystem.files[0].content)
    }

    @Test func `an ext4 that was not unmounted gets its journal replayed and nothing else`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let mounted = try await volume.run()
        #expect(mounted.exitCode == 0, "\(mounted)")
        try Files.write("written before the crash\n", to: "\(volume.mountPoint)/late")
        try await Command.check("sync", ["-f", volume.mountPoint])
        let crashed = try TestVolume(attached: false)
        try await Command.check("cp", ["--sparse=always", volume.image, crashed.image])
        try crashed.device.attach(crashed.image)
        let run = try await crashed.run()
        #expect(run.exitCode == 0 && run.log.contains("recovering journal"), "\(run)")
        #expect(ExistingFilesystem.isIntact(at: crashed.mountPoint))
        #expect(Files.text("\(crashed.mountPoint)/late") == "written before the crash\n")
    }

    @Test func `a root directory that belongs to other numbers than owner asks for is kept, with a warning`()
        async throws
    {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", "-E", "root_owner=1234:1235", volume.node])
        for outcome in ["changed", "unchanged"] {
            let run = try await volume.run("mount", ["--owner", "4242:4343"])
            #expect(run.exitCode == 0 && run.log.contains("outcome=\(outcome)"), "\(run)")
            #expect(run.warns("4242:4343") && run.warns("1234:1235"), "\(run)")
            let status = try await volume.agent.run(["status"])
            #expect(status.exitCode == 0 && status.output.contains("1234:1235"), "\(status)")
        }
        #expect(Files.ownership(volume.mountPoint)?.hasSuffix("1234:1235") == true)
        let unknown = try await volume.run("mount", ["--owner", "no-such-user"])
        #expect(unknown.exitCode == 0 && unknown.warns("no-such-user"), "\(unknown)")
        for owner in ["1234:1235", "1234"] {
            let run = try await volume.run("mount", ["--owner", owner])
            #expect(run.exitCode == 0 && run.lines(" WARN").isEmpty, "\(run)")
        }
    }

    @Test func `an ext4 that wipefs was run on is refused with the way to a blank device, which works`() async throws {
        let volume = try TestVolume(size: 512 << 20)
        try await ExistingFilesystem.ext4.make(on: volume)
        try await Command.check("wipefs", ["--all", volume.node])
        let refused = try await volume.run()
        #expect(
            refused.exitCode == 65 && refused.log.contains("'blkdiscard -z DEVICE' makes the device blank"),
            "\(refused)"
        )
        try await Command.check("blkdiscard", ["-z", volume.node])
        let run = try await volume.run()
        #expect(run.exitCode == 0 && run.did("format"), "\(run)")
    }
}
