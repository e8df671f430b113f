import TestSupport
import Testing

@Suite("Growth", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct GrowthTests {
    private func enlarge(_ volume: borrowing TestVolume, to size: UInt64) throws {
        try Files.makeSparse(volume.image, size: size)
        try volume.device.updateSize()
    }

    private func size(of mountPoint: String) async throws -> UInt64 {
        let text = try await Command.check("stat", ["-f", "-c", "%b %S", mountPoint])
        let numbers = text.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { UInt64($0) }
        return numbers.count == 2 ? numbers[0] * numbers[1] : 0
    }

    @Test(arguments: ["before the run", "while it is mounted"])
    func `an xfs on a device that has grown grows online`(moment: String) async throws {
        let volume = try TestVolume(size: ExistingFilesystem.xfs.minimumSize)
        try await ExistingFilesystem.xfs.make(on: volume)
        if moment == "while it is mounted" {
            let first = try await volume.run()
            #expect(first.exitCode == 0 && !first.did("grow"), "\(first)")
        }
        try enlarge(volume, to: 1 << 30)
        let unwanted = try await volume.run("mount", ["--no-grow"])
        #expect(unwanted.exitCode == 0 && !unwanted.did("grow"), "\(unwanted)")
        let run = try await volume.run()
        #expect(run.exitCode == 0 && run.did("grow"), "\(run)")
        let grown = try await size(of: volume.mountPoint)
        #expect(grown > 900 << 20)
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
        let again = try await volume.run()
        #expect(again.exitCode == 0 && again.steps.isEmpty, "\(again)")
    }

    @Test func `an ext4 that may not grow is mounted all the same, with a warning`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try enlarge(volume, to: 256 << 20)
        let run = try await volume.run("mount", under: ["setpriv", "--bounding-set=-sys_resource"])
        #expect(run.exitCode == 0, "\(run)")
        #expect(!run.did("grow") && run.warns("step=grow"), "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
    }

    /// Whatever keeps it from growing: a capability that is missing, or room that the file system was not given.
    @Test(arguments: [["-t", "ext3", "-O", "^resize_inode"], ["-t", "ext2"], ["-t", "ext4", "-O", "^resize_inode"]])
    func `what could not grow is said in words, and never counted among what was done`(flags: [String]) async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", "-F"] + flags + [volume.node])
        try enlarge(volume, to: 256 << 20)
        for outcome in ["changed", "unchanged"] {
            let run = try await volume.run("mount", under: ["setpriv", "--bounding-set=-sys_resource"])
            #expect(run.exitCode == 0 && run.log.contains("outcome=\(outcome)"), "\(run)")
            #expect(run.warns("was not grown from 64.0 MiB to 256.0 MiB"), "\(run)")
            let last = run.log.split(separator: "\n").last ?? ""
            #expect(!last.contains("grow"), "\(run)")
            let status = try await volume.agent.run(["status"])
            #expect(status.exitCode == 0 && status.output.contains("was not grown from 64.0 MiB"), "\(status)")
            let json = try await volume.agent.run(["status", "--json"])
            #expect(json.output.contains("\"warnings\" : [\n"), "\(json)")
        }
    }

    @Test func `a device that has become smaller than its file system is not mounted and not touched`() async throws {
        let volume = try TestVolume(size: 128 << 20)
        try await ExistingFilesystem.ext4.make(on: volume)
        try enlarge(volume, to: 64 << 20)
        let before = try volume.snapshot()
        let run = try await volume.run()
        #expect(run.exitCode == 65 || run.exitCode == 71, "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        try enlarge(volume, to: 128 << 20)
        let after = try await volume.run()
        #expect(after.exitCode == 0, "\(after)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
        _ = before
    }
}
