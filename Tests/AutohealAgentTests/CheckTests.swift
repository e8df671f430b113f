import TestSupport
import Testing

/// What e2fsck may answer besides "clean" and "repaired".
@Suite("Check", .serialized, .requiresRoot, .timeLimit(.minutes(3)))
struct CheckTests {
    private static let compatible = 0x4000_0000
    private static let incompatible = 0x4000_0000

    /// Sets a bit of one of the feature words, which no version of e2fsprogs knows.
    private func addFeature(_ bit: Int, to word: String, of node: String) async throws {
        let offset: UInt64 = word == "feature_compat" ? 1024 + 0x5C : 1024 + 0x60
        let bytes = try Files.read(node, at: offset, count: 4)
        let old = bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        // debugfs makes the checksum anew.
        try await Command.check("debugfs", ["-w", "-R", "set_super_value \(word) \(old | bit)", node])
    }

    @Test func `a compatible feature that e2fsck does not know costs the check, and says so`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try await addFeature(Self.compatible, to: "feature_compat", of: volume.node)
        let run = try await volume.run()
        #expect(run.exitCode == 0 && !run.did("check"), "\(run)")
        #expect(run.warns("was not checked") && run.warns("FEATURE_C30"), "\(run)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 0 && status.output.contains("FEATURE_C30"), "\(status)")
        #expect(!status.output.contains("(check"), "\(status)")
    }

    @Test(arguments: [[], ["--no-check"]])
    func `an incompatible feature is refused by the kernel, and named`(flags: [String]) async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try await addFeature(Self.incompatible, to: "feature_incompat", of: volume.node)
        let before = try volume.snapshot()
        let run = try await volume.run("mount", flags)
        let last = run.log.split(separator: "\n").last ?? ""
        #expect(run.exitCode == 71, "\(run)")
        #expect(last.contains("unsupported optional features (40000000)") && last.contains("newer tools"), "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test(arguments: [[], ["--no-check"]])
    func `a file system that another host has mounted is refused`(flags: [String]) async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", "-O", "mmp", "-E", "mmp_update_interval=1", volume.node])
        // The other host: the same bytes behind another device.
        let other = try LoopDevice.attached(to: volume.image)
        let place = "\(volume.directory.path)/other-host"
        try Files.makeDirectory(place)
        try await Command.check("mount", [other.node, place])
        let run = try await volume.run("mount", flags)
        try await Command.check("umount", [place])
        #expect(run.exitCode == 69, "\(run)")
        #expect(run.log.contains("Another host has the file system") && run.log.contains("active"), "\(run)")
        #expect(!run.log.contains("e2fsck -b") && !run.log.contains("alternate superblock"), "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
    }

    /// In a mount namespace of its own, where e2fsck is a script that mounts first, as a boot's other services may.
    @Test(arguments: [("data", 0), ("elsewhere", 69)] as [(String, Int32)])
    func `a volume that is mounted while it is checked is looked at again`(place: String, exit: Int32) async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let directory = volume.directory.path
        try Files.makeDirectory("\(directory)/\(place)")
        let real = try Command.path(of: "e2fsck")
        try await Command.check("cp", [real, "\(directory)/e2fsck"])
        try Files.write(
            """
            #!/bin/sh
            mount \(volume.node) \(directory)/\(place)
            exec \(directory)/e2fsck "$@"

            """,
            to: "\(directory)/script"
        )
        try await Command.check("chmod", ["0755", "\(directory)/script"])
        let run = try await volume.run(under: [
            "unshare", "--mount", "sh", "-c", "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
            "\(directory)/script", real,
        ])
        #expect(run.exitCode == exit && run.log.contains("looking again"), "\(run)")
        #expect(run.log.contains(exit == 0 ? "outcome=unchanged" : "\(directory)/elsewhere"), "\(run)")
    }
}
