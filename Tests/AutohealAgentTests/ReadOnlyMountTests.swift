import TestSupport
import Testing

/// With `ro` the agent writes nothing, whatever is on the volume.
@Suite("Mounting read-only", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ReadOnlyMountTests {
    /// A volume whose journal is not empty: what a disk holds when its instance is killed.
    private func crash(_ filesystem: ExistingFilesystem, onto crashed: borrowing TestVolume) async throws {
        let volume = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: volume)
        try await volume.mount()
        try Files.write("written before the crash\n", to: "\(volume.mountPoint)/late")
        try await Command.check("sync", ["-f", volume.mountPoint])
        try await Command.check("cp", ["--sparse=always", volume.image, crashed.image])
        try crashed.device.attach(crashed.image)
        try await volume.unmount()
    }

    @Test(
        arguments: [(.ext4, "noload"), (.ext4, "norecovery"), (.xfs, "norecovery")] as [(ExistingFilesystem, String)]
    )
    func `a journal that must not be replayed is not, and every byte stays`(
        filesystem: ExistingFilesystem,
        option: String
    ) async throws {
        let volume = try TestVolume(size: filesystem.minimumSize, attached: false)
        try await crash(filesystem, onto: volume)
        let before = try volume.snapshot()
        let run = try await volume.run("mount", ["--options", "ro,\(option)"])
        #expect(run.exitCode == 0 && !run.did("check"), "\(run)")
        #expect(!run.log.contains("replays"), "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        try await volume.unmount()
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    // Not xfs: the kernel itself writes the superblock of one that it mounts with ro alone (Linux 6.18).
    @Test(arguments: [ExistingFilesystem.ext2, .ext3, .ext4, .btrfs])
    func `a clean file system is mounted with ro, and every byte stays`(filesystem: ExistingFilesystem) async throws {
        let volume = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: volume)
        let before = try volume.snapshot()
        let run = try await volume.run("mount", ["--options", "ro"])
        #expect(run.exitCode == 0, "\(run)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
        try await volume.unmount()
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `that the kernel replays a journal in spite of ro is said, and the files are there`() async throws {
        let volume = try TestVolume(attached: false)
        try await crash(.ext4, onto: volume)
        let run = try await volume.run("mount", ["--options", "ro"])
        #expect(run.exitCode == 0 && !run.did("check") && run.log.contains("the kernel replays it"), "\(run)")
        #expect(Files.text("\(volume.mountPoint)/late") == "written before the crash\n")
    }

    @Test(arguments: ["if-blank", "if-no-signature"])
    func `a blank volume is not formatted to be mounted read-only`(policy: String) async throws {
        let volume = try TestVolume()
        for command in ["plan", "mount"] {
            let run = try await volume.run(command, ["--options", "ro", "--format", policy])
            #expect(run.exitCode == 65 && (run.log + run.output).contains("ro"), "\(run)")
        }
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `a format that was cut short is not finished by a read-only mount`() async throws {
        let volume = try TestVolume()
        _ = try await InterruptedFormat.make(on: volume)
        let before = try volume.snapshot()
        let run = try await volume.run("mount", ["--options", "ro"])
        #expect(run.exitCode == 65, "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }
}
