import TestSupport
import Testing

@Suite("Status", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct StatusTests {
    private func expect(
        _ exitCode: Int32,
        _ word: String,
        of volume: borrowing TestVolume,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == exitCode, "\(status)", sourceLocation: sourceLocation)
        #expect((status.output + status.log).contains(word), "\(status)", sourceLocation: sourceLocation)
        let json = try await volume.agent.run(["status", "--json"])
        #expect(json.exitCode == exitCode, "\(json)", sourceLocation: sourceLocation)
        let isHealthy = json.output.contains("\"healthy\" : true")
        #expect(isHealthy == (exitCode == 0), "\(json)", sourceLocation: sourceLocation)
    }

    @Test func `before the first run there is nothing to tell`() async throws {
        let volume = try TestVolume()
        try await expect(66, "no run", of: volume)
    }

    @Test func `it is healthy only while the volume is mounted, writable and on top`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        try await expect(0, "healthy", of: volume)

        try await Command.check("mount", ["-o", "remount,ro", volume.mountPoint])
        try await expect(71, "read-only", of: volume)
        try await Command.check("mount", ["-o", "remount,rw", volume.mountPoint])
        try await expect(0, "healthy", of: volume)

        let other = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", other.node])
        try await other.mount(at: volume.mountPoint)
        let node = other.node
        try await expect(69, node, of: volume)
        try await volume.unmount()
        try await expect(0, "healthy", of: volume)

        try await volume.unmount()
        try await expect(69, "NOT HEALTHY", of: volume)
    }

    @Test func `a volume that was wanted read-only is healthy read-only`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let run = try await volume.run("mount", ["--options", "ro"])
        #expect(run.exitCode == 0, "\(run)")
        try await expect(0, "healthy", of: volume)
    }

    @Test func `a refusal is remembered with its exit code and reason`() async throws {
        let volume = try TestVolume()
        try await ForeignContent.gpt.write(to: volume)
        let run = try await volume.run()
        #expect(run.exitCode == 65, "\(run)")
        try await expect(65, "partition table", of: volume)
    }

    @Test func `one volume can be asked for, and none by that name is no success`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        let one = try await volume.agent.run(["status", "--mount-point", volume.mountPoint])
        #expect(one.exitCode == 0, "\(one)")
        let none = try await volume.agent.run(["status", "--mount-point", "/elsewhere"])
        #expect(none.exitCode == 66, "\(none)")
    }

    @Test(arguments: ["", "{", "[]", "{\"version\": 1}", "\u{0}\u{1}\u{2}", "{\"version\": 99}"])
    func `a report that is garbage is no report`(text: String) async throws {
        let volume = try TestVolume()
        try Files.makeDirectory(volume.agent.runtimeDirectory)
        try Files.write(text, to: "\(volume.agent.runtimeDirectory)/data.json")
        try await expect(66, "no run", of: volume)
    }
}
