import AutohealSpec
import AutohealState
import TestSupport
import Testing

/// Data that 0.1.0 formatted: each was found by trying to break it.
@Suite("Hidden data", .serialized, .requiresRoot, .timeLimit(.minutes(5)))
struct HiddenDataTests {
    private func expectRefusal(of volume: borrowing TestVolume, _ story: String) async throws {
        let before = try volume.snapshot()
        for command in ["plan", "mount"] {
            let run = try await volume.run(command)
            #expect(run.exitCode == 65, "\(story): \(run)")
            #expect((run.log + run.output).contains("not blank"), "\(story): \(run)")
        }
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil, "\(story)")
    }

    @Test func `100 MiB of data in pieces of 64 KiB on 16 GiB are found`() async throws {
        for seed in 1...10 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let volume = try TestVolume(size: 16 << 30)
            let piece = [UInt8](repeating: 0xDA, count: 64 << 10)
            // Beyond what is read whole.
            let places = (70 << 20) / (64 << 10)..<(16_000 << 20) / (64 << 10)
            for _ in 0..<1600 {
                let place = UInt64(Int.random(in: places, using: &generator)) * (64 << 10)
                try Files.overwrite(volume.image, at: place, with: piece)
            }
            try await expectRefusal(of: volume, "seed \(seed)")
        }
    }

    @Test func `a few blocks of content 64 MiB from the start of a small device are found`() async throws {
        for offset in [64 << 20, (64 << 20) + 4096, 100 << 20, (200 << 20) - 512] as [UInt64] {
            let volume = try TestVolume(size: 240 << 20)
            try Files.overwrite(volume.image, at: offset, with: [UInt8](repeating: 1, count: 512))
            try await expectRefusal(of: volume, "\(offset)")
        }
    }

    /// What lies on a volume beside the marker of a format that was cut short.
    enum Beside: CaseIterable, CustomTestStringConvertible {
        case database, archive, lostStart

        var testDescription: String {
            switch self {
            case .database: "a raw database in the first 2 GiB"
            case .archive: "the first 60 MiB of an archive"
            case .lostStart: "an ext4 without its first MiB"
            }
        }
    }

    @Test(arguments: Beside.allCases)
    func `a leftover marker hides nothing`(beside: Beside) async throws {
        let size: UInt64 = 32 << 30
        let volume = try TestVolume(size: size)
        if beside == .lostStart {
            try await Command.check("mkfs.ext4", ["-q", volume.node])
            try Files.overwrite(volume.image, at: 0, with: [UInt8](repeating: 0, count: 1 << 20))
        }
        let marker = try await InterruptedFormat.marker(deviceSize: size)
        try Files.overwrite(volume.image, at: size - 128 << 10, with: marker)
        switch beside {
        case .database:
            for offset in stride(from: 0, to: 2 << 30, by: 32 << 20) as StrideTo<UInt64> {
                try Files.overwrite(volume.image, at: offset + 8192, with: [UInt8](repeating: 0xDB, count: 1 << 20))
            }
        case .archive:
            try Files.overwrite(volume.image, at: 0, with: [UInt8](repeating: 0x61, count: 60 << 20))
        case .lostStart: break
        }
        let before = try volume.snapshot()
        let run = try await volume.run()
        #expect(run.exitCode == 65, "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `a format that cannot be begun leaves no marker`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--mkfs-options", "-O no_such_feature"])
        #expect(run.exitCode == 73 && run.log.contains("no_such_feature"), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `the marker of 0.1.0 alone is no obstacle, and beside data no excuse`() async throws {
        let size = ModelDisk.size
        let alone = try TestVolume(size: size)
        try Files.overwrite(alone.image, at: size - 128 << 10, with: ModelFormat.legacyMarker)
        let run = try await alone.run()
        #expect(run.exitCode == 0 && run.did("format"), "\(run)")
        let besides = try TestVolume(size: size)
        try Files.overwrite(besides.image, at: size - 128 << 10, with: ModelFormat.legacyMarker)
        try Files.overwrite(besides.image, at: 4096, with: [1])
        try await expectRefusal(of: besides, "0.1.0's marker beside data")
    }

    @Test func `a format begun with other options of mkfs is finished as it was begun`() async throws {
        let volume = try TestVolume()
        _ = try await volume.run(
            "mount",
            ["--label", "first", "--mkfs-options", "-m 7", "--mode", "0711"],
            under: Strace.wrapper(["fsync:signal=SIGKILL:when=2"], path: volume.node)
        )
        let run = try await volume.run("mount", ["--mkfs-options", "-m 1", "--mode", "0700"])
        #expect(run.exitCode == 0 && run.log.contains("interrupted-format"), "\(run)")
        let label = try await volume.tag("LABEL")
        #expect(label == "first")
        #expect(Files.ownership(volume.mountPoint) == "711 0:0")
    }

    /// mke2fs.conf(5) gives other defaults, as another version would.
    @Test(arguments: [false, true])
    func `a format that cannot be made again is begun anew only if it wrote nothing`(hasWritten: Bool) async throws {
        let volume = try TestVolume()
        let configuration = "\(volume.directory.path)/mke2fs.conf"
        let standard = try #require(Files.text("/etc/mke2fs.conf"))
        try Files.write(standard.split(separator: "metadata_csum,").joined(), to: configuration)
        let otherDefaults = [
            "unshare", "--mount", "sh", "-c", "mount --bind \(configuration) /etc/mke2fs.conf && exec \"$@\"", "sh",
        ]
        let point = hasWritten ? 2 : 1
        let killer = Strace.wrapper(["fsync:signal=SIGKILL:when=\(point)"], path: volume.node)
        _ = try await volume.run(under: otherDefaults + killer)
        let before = try volume.snapshot()
        #expect(!before.isZero)
        let run = try await volume.run()
        if hasWritten {
            #expect(run.exitCode == 65 && run.log.contains("do not make the same"), "\(run)")
            let difference = try volume.snapshot().firstDifference(from: before)
            #expect(difference == nil)
        } else {
            #expect(run.exitCode == 0 && run.did("format"), "\(run)")
        }
    }
}
