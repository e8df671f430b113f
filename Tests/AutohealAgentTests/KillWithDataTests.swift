import Glibc
import TestSupport
import Testing

/// The same death, on volumes that hold something.
@Suite("Killing beside data", .serialized, .requiresRoot, .timeLimit(.minutes(4)))
struct KillWithDataTests {
    private static let points: [(String, [Int])] = [
        ("openat", [60, 90, 100, 110]), ("ioctl", [1, 3, 5, 7, 9]), ("pread64", [1, 2, 4]), ("pwrite64", [1, 2, 3]),
        ("fsync", [1, 2]), ("flock", [1, 2]), ("close", [40, 60]), ("clone3,clone,vfork", [1, 2]), ("mount", [1]),
        ("read", [60, 90, 120]),
    ]

    /// Runs and kills the agent at every point, by system calls and by time.
    private func killAtEveryPoint(
        _ volume: borrowing TestVolume,
        then check: (_ point: String, _ killed: AgentRun) async throws -> Void
    ) async throws {
        for (call, numbers) in Self.points {
            for number in numbers {
                let run = try await volume.run(under: Strace.wrapper(["\(call):signal=SIGKILL:when=\(number)"]))
                try await check("\(call) number \(number)", run)
            }
        }
        for delay in 1...12 {
            let run = try await volume.run { agent in
                try await Task.sleep(for: .milliseconds(delay * 8))
                agent.send(SIGKILL)
            }
            try await check("after \(delay * 8) ms", run)
        }
    }

    @Test(arguments: [ExistingFilesystem.ext4, .xfs])
    func `a file system keeps every file`(filesystem: ExistingFilesystem) async throws {
        let volume = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: volume)
        let uuid = try await volume.tag("UUID")
        try await killAtEveryPoint(volume) { point, killed in
            let run = try await volume.run("mount", ["--tries", "6", "--interval", "10"])
            let story = Comment(rawValue: "\(point)\n\(killed)\n\(run)")
            #expect(run.exitCode == 0 && !run.did("format"), story)
            let isMounted = volume.isMounted
            #expect(isMounted, story)
            #expect(ExistingFilesystem.isIntact(at: volume.mountPoint), story)
            if isMounted { try await volume.unmount() }
            let found = try await volume.tag("UUID")
            #expect(found == uuid, story)
        }
    }

    @Test(arguments: [ForeignContent.gpt, .lostSuperblockSmallBlocks])
    func `a foreign volume keeps every byte`(content: ForeignContent) async throws {
        let volume = try TestVolume(size: content.size)
        try await content.write(to: volume)
        let before = try volume.snapshot()
        let sectors = volume.device.sectorsWritten
        try await killAtEveryPoint(volume) { point, _ in
            let mounts = Mounts.at(volume.mountPoint)
            #expect(mounts.isEmpty, "\(point)")
        }
        let run = try await volume.run()
        #expect(run.exitCode == 65, "\(run)")
        let sectorsAfter = volume.device.sectorsWritten
        #expect(sectorsAfter == sectors)
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }
}
