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

    /// Evenly spread, so that every phase of a run is met.
    private func spread(_ count: Int, over range: ClosedRange<Int>) -> [Int] {
        (0..<count).map { range.lowerBound + $0 * (range.upperBound - range.lowerBound) / max(1, count - 1) }
    }

    /// Small blocks and large ones, with fewer and more block groups.
    @Test(arguments: [(16 << 20, 15), (64 << 20, 25), (1 << 30, 25)] as [(UInt64, Int)])
    func `mkfs is killed before one of its writes`(size: UInt64, count: Int) async throws {
        let writes = try await mkfsWrites(size: size)
        // The first write of every process is left out: in the agent it is the marker's.
        for number in spread(count, over: 2...writes) {
            let volume = try TestVolume(size: size)
            let run = try await volume.run(under: Strace.wrapper(["pwrite64:signal=SIGKILL:when=\(number)"]))
            #expect(run.exitCode == 73, "write \(number): \(run)")
            let mounts = Mounts.at(volume.mountPoint)
            #expect(mounts.isEmpty, "write \(number)")
            try await expectConvergence(of: volume, "killed before write \(number)", after: run)
        }
    }

    private func mkfsWrites(size: UInt64) async throws -> Int {
        let volume = try TestVolume(size: size)
        let trace = "\(volume.directory.path)/trace"
        let run = try await volume.run(under: Strace.wrapper(tracing: ["pwrite64"], log: trace))
        #expect(run.exitCode == 0, "\(run)")
        var count: [Substring: Int] = [:]
        for line in (Files.text(trace) ?? "").split(separator: "\n") where line.contains("pwrite64(") {
            count[line.prefix { $0 != " " }, default: 0] += 1
        }
        let most = try #require(count.values.max())
        #expect(most > 20)
        return most
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

    @Test func `mkfs is killed at any time`() async throws {
        for delay in 0..<20 {
            let volume = try TestVolume(size: 1 << 30)
            let run = try await volume.run { agent in
                var mkfs: [Int32] = []
                try await Eventually.holds("mkfs runs or has run") {
                    mkfs = agent.children(named: "mkfs.ext4")
                    return !mkfs.isEmpty || agent.logSoFar.contains("exit.status=")
                }
                try await Task.sleep(for: .milliseconds(delay))
                for process in mkfs { kill(process, SIGKILL) }
            }
            #expect(run.exitCode == 73 || run.exitCode == 0, "\(run)")
            if volume.isMounted { try await volume.unmount() }
            try await expectConvergence(of: volume, "mkfs killed after \(delay) ms", after: run)
        }
    }

    /// mkfs is stopped before a write, and the next instance gets what had reached the disk until then.
    @Test(arguments: [64 << 20, 1 << 30] as [UInt64])
    func `the power fails during mkfs, and what was in memory is lost`(size: UInt64) async throws {
        for number in spread(12, over: 2...(try await mkfsWrites(size: size))) {
            let volume = try TestVolume(size: size)
            let disk = try TestVolume(size: size, attached: false)
            let trace = "\(volume.directory.path)/trace"
            let wrapper = Strace.wrapper(["pwrite64:signal=SIGSTOP:when=\(number)"], log: trace)
            let run = try await volume.run(under: wrapper) { strace in
                try await Eventually.holds("mkfs is stopped") {
                    Files.text(trace)?.contains("stopped by SIGSTOP") == true
                }
                let agents = strace.children(named: "autoheal-agent")
                let mkfs = try #require(agents.flatMap { Processes.children(of: $0, named: "mkfs.ext4") }.first)
                try await Command.check("cp", ["--sparse=always", volume.image, disk.image])
                kill(mkfs, SIGKILL)
            }
            #expect(run.exitCode == 73, "\(run)")
            try disk.device.attach(disk.image)
            try await expectConvergence(of: disk, "power failed before write \(number)", after: run)
        }
    }
}
