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
