import TestSupport
import Testing

/// What keeps the agent from looking is said; what cannot be seen never counts as absent.
@Suite("Surroundings", .serialized, .requiresRoot, .timeLimit(.minutes(3)))
struct SurroundingsTests {
    private func expectNothingDone(
        to volume: borrowing TestVolume,
        _ exitCode: Int32,
        _ word: String,
        under wrapper: [String]
    ) async throws {
        for command in ["mount", "plan"] {
            let run = try await volume.run(command, under: wrapper)
            #expect(run.exitCode == exitCode && run.signal == nil, "\(wrapper): \(run)")
            #expect((run.log + run.output).contains(word), "\(wrapper): \(run)")
            let isBlank = try volume.snapshot().isZero
            #expect(isBlank, "\(wrapper)")
            let exists = Files.exists(volume.mountPoint)
            #expect(!exists, "\(wrapper)")
        }
    }

    @Test(arguments: [
        ("umount -l /proc", "proc"), ("umount -l /sys", "sysfs"), ("mount -t tmpfs none /proc", "proc"),
        ("mount -t tmpfs none /sys", "sysfs"), ("mount -t tmpfs none /sys/dev", "sysfs"),
        ("umount -l /sys && umount -l /proc", "mounted at"),
    ])
    func `without proc or sysfs nothing is done`(command: String, word: String) async throws {
        let volume = try TestVolume()
        let wrapper = ["unshare", "--mount", "sh", "-c", "\(command); exec \"$@\"", "sh"]
        try await expectNothingDone(to: volume, 71, word, under: wrapper)
    }

    @Test func `a table of mounts that lists nothing is not believed`() async throws {
        let volume = try TestVolume()
        let wrapper = [
            "unshare", "--mount", "sh", "-c", "mount --bind /dev/null /proc/$$/mountinfo; exec \"$@\"", "sh",
        ]
        try await expectNothingDone(to: volume, 71, "mountinfo", under: wrapper)
    }

    @Test func `without sysfs no volume is called healthy, nor gone`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        let status = try await volume.agent.run(
            ["status"],
            under: ["unshare", "--mount", "sh", "-c", "umount -l /sys; exec \"$@\"", "sh"]
        )
        #expect(status.exitCode == 71 && status.output.contains("UNKNOWN"), "\(status)")
        #expect(!status.output.contains("gone"), "\(status)")
    }

    /// Below five the loader finds no library: nothing of the agent runs then.
    @Test(arguments: [5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 30, 60])
    func `with too few descriptors nothing is done`(limit: Int) async throws {
        let volume = try TestVolume()
        try await expectNothingDone(to: volume, 75, "open files", under: ["prlimit", "--nofile=\(limit):\(limit)"])
    }

    @Test func `a low soft limit of descriptors is raised`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run(under: ["prlimit", "--nofile=16:1024"])
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `with too little memory for its work, however little, nothing is done or all`() async throws {
        for limit in stride(from: 150, through: 1950, by: 150) {
            let volume = try TestVolume()
            let run = try await volume.run(under: ["prlimit", "--as=\(limit << 20)"])
            let isBlank = try volume.snapshot().isZero
            switch run.exitCode {
            case 0:
                let isMounted = volume.isMounted
                #expect(isMounted, "\(limit) MiB: \(run)")
            case 75: #expect(isBlank && run.log.contains("memory"), "\(limit) MiB: \(run)")
            // The loader's own.
            case 127: #expect(isBlank, "\(limit) MiB: \(run)")
            default: Issue.record("\(limit) MiB: \(run)")
            }
        }
    }

    /// On the device, on sysfs, on the mount table: whatever is opened finds nothing left.
    @Test(arguments: ["EMFILE", "ENFILE", "ENOMEM"])
    func `where an open finds nothing left, it may be tried again`(error: String) async throws {
        for path in ["/proc/self/mountinfo", "/sys/dev/block", "device"] {
            let volume = try TestVolume()
            let node = volume.node
            let wrapper = Strace.wrapper(["openat:error=\(error)"], path: path == "device" ? node : path)
            let run = try await volume.run(under: wrapper)
            #expect(run.exitCode == 75, "\(path): \(run)")
            let isBlank = try volume.snapshot().isZero
            #expect(isBlank, "\(path)")
        }
    }
}
