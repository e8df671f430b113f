import TestSupport
import Testing

/// A crash long after a format must bring back nothing of the file system that was there before it.
@Suite("Stale journal", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct StaleJournalTests {
    /// Writes files, each in a transaction of its own, always in the same shape.
    private func write(_ content: String, files: ClosedRange<Int>, to directory: String) async throws {
        for number in files {
            try Files.write("\(content) \(number)\n", to: "\(directory)/file\(number)")
            try await Command.check("sync", ["-f", directory])
        }
    }

    /// What the disk holds if the power fails now.
    private func crash(_ volume: borrowing TestVolume, onto other: borrowing TestVolume) async throws {
        try await Command.check("cp", ["--sparse=always", volume.image, other.image])
        try other.device.attach(other.image)
    }

    @Test(arguments: [nil, "-O ^metadata_csum", "-O metadata_csum"])
    func `nothing of an older journal comes back after a crash`(mkfsOptions: String?) async throws {
        let options = mkfsOptions.map { ["--mkfs-options", $0] } ?? []
        let first = try TestVolume()
        let formatted = try await first.run("mount", options)
        #expect(formatted.exitCode == 0, "\(formatted)")
        try await write("old", files: 1...20, to: first.mountPoint)
        let second = try TestVolume(attached: false)
        try await crash(first, onto: second)

        // What can be recognised is gone; the journal and its transactions are where they were.
        for offset in [1024, 1024 * 8193, 1024 * 24577, 1024 * 40961, 1024 * 57345] as [UInt64] {
            try Files.overwrite(second.image, at: offset, with: [UInt8](repeating: 0, count: 1024))
        }
        let again = try await second.run("mount", options + ["--format", "if-no-signature"])
        #expect(again.exitCode == 0 && again.did("format"), "\(again)")
        try await write("new", files: 1...3, to: second.mountPoint)
        let third = try TestVolume(attached: false)
        try await crash(second, onto: third)

        // The kernel alone has to cope, without e2fsck.
        let run = try await third.run("mount", ["--no-check"])
        #expect(run.exitCode == 0, "\(run)")
        for number in 1...3 {
            let content = Files.text("\(third.mountPoint)/file\(number)")
            #expect(content == "new \(number)\n")
        }
        let resurrected = Files.exists("\(third.mountPoint)/file4")
        #expect(!resurrected)
        try await third.unmount()
        try await Command.check("e2fsck", ["-f", "-n", third.node])
    }
}
