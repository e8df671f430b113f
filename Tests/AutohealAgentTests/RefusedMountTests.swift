import TestSupport
import Testing

/// File systems that look good to libblkid and that the kernel does not take.
@Suite("Refused mount", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct RefusedMountTests {
    private func expectRefusal(
        of volume: borrowing TestVolume,
        _ words: [String],
        flags: [String] = []
    ) async throws {
        let run = try await volume.run("mount", flags)
        #expect(run.exitCode == 71, "\(run)")
        let last = run.log.split(separator: "\n").last ?? ""
        for word in words { #expect(last.contains(word), "\(run)") }
        #expect(!last.contains("zero"), "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
    }

    @Test func `an xfs whose UUID is mounted already is refused with a hint, and mounted when it is taken`()
        async throws
    {
        let volume = try TestVolume(size: ExistingFilesystem.xfs.minimumSize)
        try await ExistingFilesystem.xfs.make(on: volume)
        let copy = try TestVolume(attached: false)
        try await Command.check("cp", ["--sparse=always", volume.image, copy.image])
        try copy.device.attach(copy.image)
        try await volume.mount()
        try await expectRefusal(of: copy, ["duplicate UUID", "nouuid"])
        let run = try await copy.run("mount", ["--options", "nouuid"])
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `a damaged xfs is refused with the kernel's words and its own read-only checker`() async throws {
        let volume = try TestVolume(size: ExistingFilesystem.xfs.minimumSize)
        try await ExistingFilesystem.xfs.make(on: volume)
        try await Command.check("xfs_db", ["-x", "-c", "inode 128", "-c", "write -d core.magic 0", volume.node])
        let node = volume.node
        try await expectRefusal(of: volume, ["Structure needs cleaning", "root inode", "'xfs_repair -n \(node)'"])
    }

    @Test func `a damaged ext4 is refused with the kernel's words and its own read-only checker`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try await Command.check("debugfs", ["-w", "-R", "clri <2>", volume.node])
        let node = volume.node
        let words = ["Structure needs cleaning", "special inode unallocated", "'e2fsck -fn \(node)'"]
        try await expectRefusal(of: volume, words, flags: ["--no-check"])
    }

    @Test(arguments: [("ext4", "no_such_option"), ("xfs", "no_such_option=1")])
    func `an option that the file system does not know is told in the kernel's words`(
        type: String,
        option: String
    ) async throws {
        let filesystem = try #require(ExistingFilesystem(rawValue: type))
        let volume = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: volume)
        let run = try await volume.run("mount", ["--options", option])
        #expect(run.exitCode == 71 && run.log.contains("no_such_option'"), "\(run)")
    }
}
