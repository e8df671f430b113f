import TestSupport
import Testing

/// What a person sees who runs the agent on a terminal.
@Suite("Terminal", .serialized, .requiresRoot, .timeLimit(.minutes(3)))
struct TerminalTests {
    /// Runs the agent on a terminal of its own (script(1)); what it shows is the output.
    private func run(_ volume: borrowing TestVolume, _ flags: [String] = []) async throws -> AgentRun {
        let wrapper = ["sh", "-c", "exec script -qec \"$*\" \"$0\"", "\(volume.directory.path)/typescript"]
        return try await volume.run("mount", flags, under: wrapper)
    }

    private func seconds(_ row: String) -> Double? { row.split(separator: " ").first.flatMap { Double($0) } }

    @Test func `a first mount is told in lines of their own, the volume once`() async throws {
        let volume = try TestVolume()
        let run = try await run(volume)
        let rows = PseudoTerminal.rows(run.output).filter { !$0.isEmpty }
        #expect(run.exitCode == 0 && volume.isMounted, "\(run)")
        #expect(rows.first == "Volume: \(volume.node) at \(volume.mountPoint)", "\(run)")
        #expect(rows.filter { $0.contains("Volume: ") }.count == 1, "\(run)")
        #expect(rows.dropFirst().allSatisfy { seconds($0) != nil }, "\(run)")
        #expect(!run.output.contains("volume.mount_point=") && !run.output.contains("NOTICE"), "\(run)")
        #expect(rows.last?.contains("The volume is mounted after ") == true, "\(run)")
        #expect(rows.last?.contains(" outcome=changed duration_ms=") == true, "\(run)")
    }

    @Test func `a wait is shown while it lasts, and not after it`() async throws {
        let volume = try TestVolume(attached: false)
        let run = try await run(volume, ["--interval", "1.5"])
        #expect(run.exitCode == 74, "\(run)")
        #expect(run.output.contains("Waiting for \(volume.node): try 1 of 2, "), "\(run)")
        let rows = PseudoTerminal.rows(run.output)
        #expect(!rows.contains { $0.contains("Waiting for") }, "\(run)")
        #expect(rows.contains { $0.contains("  ERROR ") && $0.contains(" outcome=refused") }, "\(run)")
    }

    /// In a mount namespace of its own, where e2fsck is a script that says how far it is, and goes on when it is told to.
    @Test func `how far e2fsck is is shown while it works`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let directory = volume.directory.path
        let real = try Command.path(of: "e2fsck")
        try await Command.check("cp", [real, "\(directory)/e2fsck"])
        try Files.write(
            """
            #!/bin/sh
            echo '1 64 128 kept'
            until [ -e \(directory)/continue ]; do sleep 0.1; done
            exec \(directory)/e2fsck "$@"

            """,
            to: "\(directory)/script"
        )
        try await Command.check("chmod", ["0755", "\(directory)/script"])
        let wrapper = [
            "unshare", "--mount", "sh", "-c",
            "mount --bind \"$0\" \"$1\" && shift && exec script -qefc \"$*\" \(directory)/typescript",
            "\(directory)/script", real,
        ]
        let run = try await volume.run(under: wrapper) { _ in
            try await Eventually.holds("the terminal shows how far e2fsck is") {
                Files.text("\(directory)/typescript")?.contains("Checking the file system: 35 %, ") == true
            }
            try Files.write("", to: "\(directory)/continue")
        }
        let rows = PseudoTerminal.rows(run.output)
        #expect(run.exitCode == 0 && !rows.contains { $0.contains("Checking the file system") }, "\(run)")
        #expect(rows.contains { $0.contains("  Checked the file system step=check ") }, "\(run)")
    }

    @Test func `a log that was asked for as text is text on a terminal too`() async throws {
        let volume = try TestVolume()
        let run = try await run(volume, ["--log-format", "text"])
        #expect(run.exitCode == 0 && run.output.contains(" volume.mount_point=\(volume.mountPoint)"), "\(run)")
    }

    @Test func `what e2fsck says of how far it is stays out of the log`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        // "Has errors": it looks at everything.
        try await Command.check("debugfs", ["-w", "-R", "set_super_value state 2", volume.node])
        let run = try await volume.run()
        #expect(run.exitCode == 0 && run.did("check"), "\(run)")
        #expect(!run.lines("e2fsck: ").isEmpty, "\(run)")
        let counts = run.log.matches(of: #/e2fsck: [1-5] \d+ \d+ /#).count
        #expect(counts == 0, "\(run)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
    }
}
