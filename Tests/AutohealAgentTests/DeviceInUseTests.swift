import Glibc
import TestSupport
import Testing

@Suite("Device that cannot be used", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct DeviceInUseTests {
    /// Runs mount and plan, which must say the same, and checks that nothing on the device changed.
    private func expectRefusal(
        of volume: borrowing TestVolume,
        _ exitCode: Int32,
        _ words: [String],
        flags: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try volume.snapshot()
        for command in ["mount", "plan"] {
            let run = try await volume.run(command, flags)
            #expect(run.exitCode == exitCode, "\(run)", sourceLocation: sourceLocation)
            let node = volume.node
            for word in words + [node] {
                #expect((run.log + run.output).contains(word), "\(run)", sourceLocation: sourceLocation)
            }
        }
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil, sourceLocation: sourceLocation)
    }

    @Test func `a device of size 0 is waited for, then refused`() async throws {
        let volume = try TestVolume(attached: false)
        try await expectRefusal(of: volume, 74, ["size 0"])
    }

    @Test(arguments: [512, 4096, 1 << 20, (1 << 20) + 512, 4 << 20, (8 << 20) - 512] as [UInt64])
    func `a device with no room for a file system is refused`(size: UInt64) async throws {
        let volume = try TestVolume(size: size)
        try await expectRefusal(of: volume, 78, ["needs"])
    }

    @Test func `a blank device that is read-only is refused`() async throws {
        let volume = try TestVolume(attached: false)
        try volume.device.attach(volume.image, readOnly: true)
        try await expectRefusal(of: volume, 71, ["read-only"])
    }

    @Test func `a file system on a device that is read-only is refused unless ro is wanted`() async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", volume.node])
        try await Command.check("blockdev", ["--setro", volume.node])
        try await expectRefusal(of: volume, 71, ["read-only"])

        let before = try volume.snapshot()
        let run = try await volume.run("mount", ["--options", "ro"])
        #expect(run.exitCode == 0, "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.map(\.isReadOnly) == [true])
        let second = try await volume.run("mount", ["--options", "ro"])
        #expect(second.exitCode == 0 && second.steps.isEmpty, "\(second)")
        try await volume.unmount()
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `a device that a program holds exclusively is refused`() async throws {
        let volume = try TestVolume()
        let holder = try HeldDevice(volume.node, .exclusive)
        try await expectRefusal(of: volume, 69, ["exclusively", "open in: \(getpid()) ("])
        holder.release()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `a device that is let go in time is used`() async throws {
        let volume = try TestVolume()
        let holder = try HeldDevice(volume.node, .exclusive)
        var held: HeldDevice? = consume holder
        let run = try await volume.run("mount", ["--interval", "30"]) { agent in
            try await agent.logs("Found the device")
            held.take()?.release()
        }
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `a device that another program keeps locked is left alone`() async throws {
        let volume = try TestVolume()
        let holder = try HeldDevice(volume.node, .lock)
        try await expectRefusal(of: volume, 75, ["locked"])
        holder.release()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `nothing is written while another program has the lock, and then it is done`() async throws {
        let volume = try TestVolume()
        let sectors = volume.device.sectorsWritten
        let holder = try HeldDevice(volume.node, .lock)
        var held: HeldDevice? = consume holder
        var sectorsWhileLocked: Int?
        let run = try await volume.run("mount", ["--interval", "30"]) { agent in
            try await agent.logs("Locked by another program")
            sectorsWhileLocked = volume.device.sectorsWritten
            held.take()?.release()
        }
        #expect(run.exitCode == 0, "\(run)")
        #expect(sectorsWhileLocked == sectors)
        let said = run.lines("has let go").count
        #expect(said == 1, "\(run)")
    }

    @Test func `swap in use is refused as such`() async throws {
        let volume = try TestVolume()
        try await Command.check("mkswap", [volume.node])
        try await Command.check("swapon", [volume.node])
        let result: Result<Void, any Error>
        do {
            result = .success(try await expectRefusal(of: volume, 69, ["swap"]))
        } catch {
            result = .failure(error)
        }
        try await Command.check("swapoff", [volume.node])
        try result.get()
    }

    @Test func `a device that is mounted elsewhere is refused, with the place`() async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", volume.node])
        let elsewhere = "\(volume.directory.path)/elsewhere"
        try await volume.mount(at: elsewhere)
        try await expectRefusal(of: volume, 69, [elsewhere])
        try await volume.mount()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "mounted at both, it is where it is wanted: \(run)")
    }

    @Test func `a device that is mounted in another mount namespace is refused`() async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", volume.node])
        let elsewhere = "\(volume.directory.path)/elsewhere"
        try Files.makeDirectory(elsewhere)
        // The agent runs outside; the wrapper's own namespace has the mount, and the shell keeps it alive.
        let agent = try Agent.executable
        let node = volume.node
        let run = try await volume.agent.run(
            [],
            under: [
                "unshare", "--mount", "sh", "-c",
                """
                mount "$1" "$2" && nsenter --target "$PPID" --mount "$3" mount --device "$1" --mount-point "$4" \
                --tries 1 --interval 0
                """, "sh", node, elsewhere, agent, volume.mountPoint,
            ]
        )
        #expect(run.exitCode == 69, "\(run)")
        #expect(run.log.contains("another mount namespace, at \(elsewhere)"), "\(run)")
        #expect(run.log.contains("(sh)"), "\(run)")
    }
}
