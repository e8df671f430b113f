import Glibc
import TestSupport
import Testing

/// What breaks under the agent: reads, writes, the disk, the room behind it.
@Suite("Faults", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct FaultTests {
    /// On the device alone: `read` is libblkid's way, `pread64` the agent's. Those that may pass are tried again for a second.
    @Test(
        arguments: [
            (["read:error=EIO"], 74), (["pread64:error=EIO"], 74), (["pread64:retval=0"], 74),
            (["ioctl:error=EIO"], 74),
            (["flock:error=EIO"], 74), (["openat:error=EIO"], 74), (["openat:error=ENXIO"], 74),
            (["openat:error=EACCES"], 77),
            (["read:retval=0", "pread64:retval=0"], 74),
        ] as [([String], Int32)]
    )
    func `a blank device that cannot be read is refused and not touched`(faults: [String], exit: Int32) async throws {
        let volume = try TestVolume()
        let run = try await volume.run(under: Strace.wrapper(faults, path: volume.node))
        #expect(run.exitCode == exit, "\(run)")
        let node = volume.node
        #expect(run.log.contains(node), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test(arguments: [
        ["read:error=EIO", "pread64:error=EIO"], ["read:retval=0", "pread64:retval=0"], ["read:retval=0"],
    ])
    func `a volume with data that cannot be read is not blank`(faults: [String]) async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let before = try volume.snapshot()
        let run = try await volume.run(under: Strace.wrapper(faults, path: volume.node))
        #expect(run.exitCode == (faults.count == 1 ? 65 : 74), "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `a fault that passes is survived`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let run = try await volume.run(
            under: Strace.wrapper(["pread64:error=EIO:when=1..3"], path: volume.node)
        )
        #expect(run.exitCode == 0 && run.warns("looking again"), "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
    }

    /// On many threads, each of which strace counts on its own.
    @Test(arguments: [
        ["pwrite64:error=EIO:when=1"], ["pwrite64:error=ENOSPC:when=1"], ["fsync:error=EIO:when=1"],
        ["pwrite64:error=EIO:when=2+"], ["pwrite64:error=EIO:when=3+"], ["fsync:error=EIO:when=2"],
        ["fsync:error=EIO:when=3"], ["fsync:error=EIO:when=4"],
    ])
    func `a write that fails is an error, and the next run makes it good`(faults: [String]) async throws {
        let volume = try TestVolume()
        let run = try await volume.run(under: Strace.wrapper(faults, path: volume.node))
        #expect(run.exitCode == 74, "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        try await expectSound(volume)
    }

    @Test(arguments: [0, 40 << 10] as [UInt64])
    func `no room behind the device is an error, and the next run makes it good`(room: UInt64) async throws {
        let volume = try TestVolume(attached: false)
        let full = "\(volume.directory.path)/full"
        try Files.makeDirectory(full)
        try await Command.check("mount", ["-t", "tmpfs", "-o", "size=1m", "none", full])
        try Files.makeSparse("\(full)/image", size: volume.size)
        try Files.write(String(repeating: "x", count: (1 << 20) - Int(room)), to: "\(full)/ballast")
        try volume.device.attach("\(full)/image")
        let run = try await volume.run()
        #expect(run.exitCode == 73 || run.exitCode == 74, "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        try await Command.check("mount", ["-o", "remount,size=64m", full])
        try await expectSound(volume)
    }

    @Test func `a device that ends early is refused and not touched`() async throws {
        let volume = try TestVolume()
        try Files.makeSparse(volume.image, size: 1 << 20)
        let run = try await volume.run()
        #expect(run.exitCode == 74, "\(run)")
        try Files.makeSparse(volume.image, size: volume.size)
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `a device that vanishes after it was found is refused`() async throws {
        let volume = try TestVolume()
        let slowly = Strace.wrapper(["openat:delay_enter=4000000:when=1"], path: volume.node)
        let run = try await volume.run(under: slowly) { agent in
            try await agent.logs("Found the device")
            try volume.device.detach()
        }
        #expect(run.exitCode == 74, "\(run)")
        let isBlank = try Snapshot(of: volume.image).isZero
        #expect(isBlank)
    }

    @Test func `a tool that is missing is named, and nothing is written`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run(under: [
            "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /usr/sbin; \"$@\"", "sh",
        ])
        #expect(run.exitCode == 73 && run.log.contains("mkfs.ext4") && run.log.contains("e2fsprogs"), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    private func expectSound(_ volume: borrowing TestVolume) async throws {
        let run = try await volume.run("mount", ["--tries", "6", "--interval", "10"])
        #expect(run.exitCode == 0, "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        guard isMounted else { return }
        try await volume.unmount()
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }
}
