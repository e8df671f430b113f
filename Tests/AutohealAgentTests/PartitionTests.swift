import TestSupport
import Testing

@Suite("Partition", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct PartitionTests {
    /// A disk of 64 MiB with one partition, from 1 MiB to 49 MiB, which the kernel is told of: it may not know GPT itself.
    private func makeDisk() async throws -> TestVolume {
        let disk = try TestVolume(attached: false)
        try await Command.check("sfdisk", ["--quiet", disk.image], input: "label: gpt\n1MiB 48MiB L\n")
        try disk.device.attach(disk.image)
        try await Command.check("addpart", [disk.node, "1", "\(1 << 11)", "\(48 << 11)"])
        return disk
    }

    @Test func `a blank partition is formatted and mounted, and its table stays`() async throws {
        let disk = try await makeDisk()
        let table = try Files.read(disk.image, at: 0, count: 1 << 20)
        let rest = try Files.read(disk.image, at: 49 << 20, count: 15 << 20)
        for command in ["plan", "mount", "mount"] {
            let run = try await disk.run(command, ["--device", "\(disk.node)p1"])
            #expect(run.exitCode == 0, "\(run)")
        }
        let mounts = Mounts.at(disk.mountPoint)
        #expect(mounts.map(\.source) == ["\(disk.node)p1"])
        try await disk.unmount()
        try await Command.check("e2fsck", ["-f", "-n", "\(disk.node)p1"])
        try disk.device.flush()
        #expect(try Files.read(disk.image, at: 0, count: 1 << 20) == table)
        #expect(try Files.read(disk.image, at: 49 << 20, count: 15 << 20) == rest)
    }

    @Test func `while the whole disk is locked, as udev does it, the partition is left alone`() async throws {
        let disk = try await makeDisk()
        let before = try disk.snapshot()
        let holder = try HeldDevice(disk.node, .lock)
        let run = try await disk.run("mount", ["--device", "\(disk.node)p1"])
        #expect(run.exitCode == 75, "\(run)")
        let difference = try disk.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        holder.release()
    }

    @Test func `the whole disk is refused while its partition is mounted, and without`() async throws {
        let disk = try await makeDisk()
        let first = try await disk.run("mount", ["--device", "\(disk.node)p1"])
        #expect(first.exitCode == 0, "\(first)")
        let elsewhere = "\(disk.directory.path)/elsewhere"
        let inUse = try await disk.run("mount", ["--mount-point", elsewhere])
        #expect(inUse.exitCode == 69, "\(inUse)")
        try await disk.unmount()
        let free = try await disk.run("mount", ["--mount-point", elsewhere])
        #expect(free.exitCode == 65 && free.log.contains("gpt"), "\(free)")
    }
}
