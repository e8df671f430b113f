import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import Glibc
import TestSupport
import Testing

/// A real device on which a format was cut short, down to single sectors: the next run finishes it.
@Suite("Torn format", .serialized, .requiresRoot, .timeLimit(.minutes(15)))
struct TornFormatTests {
    private static let sector: UInt64 = 512

    /// What the agent was going to write: made again from the marker that a killed run left, by mkfs.ext4 alone.
    private func image(of marker: IntentMarker, in directory: borrowing ScratchDirectory) async throws -> String {
        let path = "\(directory.path)/expected"
        try Files.makeSparse(path, size: 0)
        try Files.makeSparse(path, size: marker.recipe.size)
        let arguments = marker.recipe.arguments + [path]
        try await Command.check("mkfs.ext4", arguments, environment: marker.recipe.environment)
        return path
    }

    private func marker(on volume: borrowing TestVolume, flags: [String]) async throws -> [UInt8] {
        let killer = Strace.wrapper(["fsync:signal=SIGKILL:when=1"], path: volume.node)
        _ = try await volume.run("mount", flags, under: killer)
        return try Files.read(volume.node, at: volume.size - 128 << 10, count: IntentMarker.blockSize)
    }

    @Test(
        "a thousand seeded states are finished, and are clean",
        arguments: [(8 << 20, []), (16 << 20, ["--mkfs-options", "-b 4096 -O ^has_journal"])] as [(UInt64, [String])]
    )
    func states(size: UInt64, flags: [String]) async throws {
        let volume = try TestVolume(size: size)
        let block = try await marker(on: volume, flags: flags)
        let marker = try #require(IntentMarker(block: block, deviceSize: size))
        let whole = try Files.read(try await image(of: marker, in: volume.directory), at: 0, count: Int(size))
        let written = stride(from: 0, to: Int(size), by: Int(Self.sector)).filter { start in
            whole[start..<start + Int(Self.sector)].contains { $0 != 0 }
        }
        let superblock = Int(FormatSchedule.magicOffset / Self.sector * Self.sector)
        #expect(written.contains(superblock))
        var settings = VolumeSettings()
        settings.device = volume.node
        settings.mountPoint = volume.mountPoint
        let spec = try VolumeSpec(settings)
        let host = LinuxHost(runtimeDirectory: RuntimeDirectory(path: volume.agent.runtimeDirectory))
        for seed in 0..<500 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let share = Int.random(in: 0...100, using: &generator)
            try await volume.blank()
            try Files.overwrite(volume.node, at: size - 128 << 10, with: block)
            let isBodyComplete = share == 100
            for start in written where start != superblock || isBodyComplete && Bool.random(using: &generator) {
                guard isBodyComplete || Int.random(in: 0..<100, using: &generator) < share else { continue }
                try Files.overwrite(
                    volume.image,
                    at: UInt64(start),
                    with: Array(whole[start..<start + Int(Self.sector)])
                )
            }
            let outcome = await Engine(host: host, logger: silentLogger()).mount(spec)
            #expect(outcome.exitStatus == .ok, "seed \(seed), \(share) %: \(outcome.reason)")
            guard outcome.exitStatus == .ok else { continue }
            try await volume.unmount()
            let uuid = try await volume.tag("UUID")
            #expect(uuid == marker.recipe.uuid.text, "seed \(seed): it was begun anew")
            let check = try await Command.run("e2fsck", ["-f", "-n", volume.node])
            #expect(check.exitCode == 0, "seed \(seed): \(check.output)")
            let left = try Files.read(volume.node, at: size - 128 << 10, count: IntentMarker.blockSize)
            #expect(left.allSatisfy { $0 == 0 }, "seed \(seed)")
        }
    }
}

extension TestVolume {
    /// Zeros everywhere again, also in the cache of the device.
    func blank() async throws {
        try Files.makeSparse(image, size: 0)
        try Files.makeSparse(image, size: size)
        try await Command.check("blockdev", ["--flushbufs", node])
    }
}
