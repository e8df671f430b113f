import Glibc
import TestSupport
import Testing

/// Whenever the agent or mkfs dies, the next run finishes the work, on a volume that holds nothing but what they wrote.
@Suite("Killing", .serialized, .requiresRoot, .timeLimit(.minutes(4)))
struct KillTests {
    /// Runs the agent once more and expects a mounted, sound, marker-free file system, whatever was left behind.
    private func expectConvergence(
        of volume: borrowing TestVolume,
        _ point: String,
        after killed: AgentRun?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let run = try await volume.run("mount", ["--tries", "6", "--interval", "10"])
        let story = Comment(rawValue: "\(point)\n\(killed?.description ?? "")\n\(run)")
        #expect(run.exitCode == 0, story, sourceLocation: sourceLocation)
        let isMounted = volume.isMounted
        #expect(isMounted, story, sourceLocation: sourceLocation)
        guard isMounted else { return }
        try Files.write("usable\n", to: "\(volume.mountPoint)/file")
        try await volume.unmount()
        let marker = try Files.read(volume.node, at: volume.size - 128 << 10, count: 4096)
        #expect(marker.allSatisfy { $0 == 0 }, story, sourceLocation: sourceLocation)
        let check = try await Command.run("e2fsck", ["-f", "-n", volume.node])
        #expect(check.exitCode == 0, "\(point)\n\(check.output)", sourceLocation: sourceLocation)
    }

    /// strace counts for each thread on its own, and the writes go out on many: whichever comes to its Nth dies.
    @Test(
        arguments: [(16 << 20, 512), (64 << 20, 512), (64 << 20, 4096), (1 << 30, 512)] as [(UInt64, UInt32)],
        [("pwrite64", [1, 2, 3, 4]), ("fsync", [1, 2, 3, 4])] as [(String, [Int])]
    )
    func `the agent is killed before one of its writes`(volume: (UInt64, UInt32), call: (String, [Int])) async throws {
        for number in call.1 {
            let (size, sector) = volume
            let volume = try TestVolume(size: size, attached: false)
            try volume.device.attach(volume.image, blockSize: sector)
            let wrapper = Strace.wrapper(["\(call.0):signal=SIGKILL:when=\(number)"], path: volume.node)
            let run = try await volume.run(under: wrapper)
            if volume.isMounted { continue }
            try await expectConvergence(of: volume, "killed before \(call.0) \(number)", after: run)
        }
    }

    @Test func `mkfs is killed before it has made the image, and nothing was written`() async throws {
        let volume = try TestVolume()
        let held = try await HeldTool("mkfs.ext4", in: volume.directory.path)
        let run = try await volume.run(under: held.wrapper) { agent in
            let mkfs = try await held.stopped(by: agent)
            kill(mkfs, SIGKILL)
        }
        #expect(run.exitCode == 73, "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
        try await expectConvergence(of: volume, "mkfs killed", after: run)
    }

    /// Whoever gets there first dies: the agent, on one of its threads, or mkfs.
    @Test(
        arguments: [
            ("openat", [30, 60, 80, 90, 95, 100, 105, 110, 115, 120]), ("ioctl", Array(1...14)),
            ("close", [20, 40, 50, 60, 70, 80]), ("pread64", [1, 2, 5, 10, 20, 30]), ("fsync", [1, 2, 3, 4]),
            ("flock", [1, 2]), ("fadvise64", [1, 20, 40]), ("mkdir", [1, 3, 5]), ("mount", [1]), ("pwrite64", [1]),
            ("readlink", [5, 10, 20, 30]), ("clone3,clone,vfork", [1, 2, 3, 4]), ("waitid", [1]),
            ("unlink,rename", [1]),
        ] as [(String, [Int])]
    )
    func `the agent or mkfs is killed at a system call`(calls: String, numbers: [Int]) async throws {
        var deaths = 0
        for number in numbers {
            let volume = try TestVolume()
            let run = try await volume.run(under: Strace.wrapper(["\(calls):signal=SIGKILL:when=\(number)"]))
            if run.exitCode != 0 { deaths += 1 }
            if Mounts.at(volume.mountPoint).isEmpty {
                try await expectConvergence(of: volume, "killed at \(calls) number \(number)", after: run)
            } else {
                // It got as far as the mount: what follows is only looking.
                let again = try await volume.run()
                #expect(again.exitCode == 0 && again.steps.isEmpty, "\(run)\n\(again)")
            }
        }
        #expect(deaths * 2 > numbers.count, "\(calls) met \(deaths) of \(numbers.count) points")
    }

    @Test func `the agent is killed at any time, and a mkfs that outlives it is waited for`() async throws {
        let clock = ContinuousClock()
        var duration = Duration.zero
        do {
            let volume = try TestVolume()
            duration = try await clock.measure { _ = try await volume.run() }
        }
        for number in 1...40 {
            let volume = try TestVolume()
            let run = try await volume.run { agent in
                try await Task.sleep(for: duration * number / 40)
                agent.send(SIGKILL)
            }
            if volume.isMounted { try await volume.unmount() }
            try await expectConvergence(of: volume, "agent killed after \(number)/40 of its time", after: run)
        }
    }

    /// The agent is stopped at a write or a flush, and the next instance gets what had reached the disk until then.
    @Test(arguments: [64 << 20, 1 << 30] as [UInt64], ["pwrite64", "fsync"])
    func `the power fails during a format`(size: UInt64, call: String) async throws {
        for number in 1...4 {
            let volume = try TestVolume(size: size)
            let disk = try TestVolume(size: size, attached: false)
            let trace = "\(volume.directory.path)/trace"
            let wrapper = Strace.wrapper(["\(call):signal=SIGSTOP:when=\(number)"], path: volume.node, log: trace)
            let run = try await volume.run(under: wrapper) { strace in
                try await Eventually.holds("the agent is stopped, or is done") {
                    Files.text(trace)?.contains("stopped by SIGSTOP") == true
                        || strace.logSoFar.contains("exit.status=")
                }
                try await Command.check("cp", ["--sparse=always", volume.image, disk.image])
                for agent in strace.children(named: "autoheal-agent") { kill(agent, SIGKILL) }
            }
            if volume.isMounted {
                try await volume.unmount()
                continue
            }
            try disk.device.attach(disk.image)
            try await expectConvergence(of: disk, "power failed before \(call) \(number)", after: run)
        }
    }
}
