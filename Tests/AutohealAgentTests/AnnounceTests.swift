import Foundation
import TestSupport
import Testing

/// The line on the console, of which a file takes the place; the unit's part is in the package test.
@Suite("Announce", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct AnnounceTests {
    private static let volumeID = "vol-0123456789abcdef0"

    private func configure(_ volume: borrowing TestVolume, _ others: String = "") throws -> String {
        let file = "\(volume.directory.path)/config.toml"
        let text = """
            [[volume]]
            device = "\(volume.node)"
            volume-id = "\(Self.volumeID)"
            mount-point = "\(volume.mountPoint)"
            tries = 2
            interval = 0.1

            """
        try Files.write(text + others, to: file)
        try Files.write("", to: console(volume))
        return file
    }

    private func console(_ volume: borrowing TestVolume) -> String { "\(volume.directory.path)/console" }

    private func lines(_ volume: borrowing TestVolume) -> [Substring] {
        (Files.text(console(volume)) ?? "").split(separator: "\n").filter { $0.hasPrefix("autoheal-outcome/1 ") }
    }

    /// With a metadata service that says which instance it is.
    private func announce(
        _ volume: borrowing TestVolume,
        _ file: String,
        seconds: Double = 0,
        while body: (RunningAgent) async throws -> Void = { _ in }
    ) async throws -> AgentRun {
        let arguments = [
            "announce", "--config", file, "--console", console(volume), "--interval", "0.2", "--for", "\(seconds)",
        ]
        let agent = volume.agent
        return try await MetadataServer.run { server in
            try await agent.run(
                arguments,
                environment: ["AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url],
                while: body
            )
        }
    }

    @Test
    func `a volume that is mounted is said to be, by instance, boot and id`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run)")
        let announced = try await announce(volume, file, seconds: 0.5)
        #expect(announced.exitCode == 0, "\(announced)")
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8).prefix(36)
        let all = lines(volume)
        let line = try #require(all.first)
        let expected =
            "autoheal-outcome/1 version=0.1.0 instance=i-0123456789abcdef0 boot=\(boot) volumes=\(Self.volumeID)"
            + " outcome=mounted exit=0 reason=- crc="
        #expect(line.hasPrefix(expected) && line.utf8.count == expected.utf8.count + 8)
        #expect(all.count >= 2 && Set(all).count == 1)
    }

    @Test
    func `before a run, after an unmount and with one volume missing nothing is said`() async throws {
        let volume = try TestVolume()
        let missing = try TestVolume(attached: false)
        let file = try configure(volume)
        func expectNothing(_ because: String) async throws {
            let announced = try await announce(volume, file)
            #expect(announced.exitCode == 0 && announced.log.contains(because), "\(announced)")
            #expect(lines(volume).isEmpty)
        }
        try await expectNothing("not every volume is mounted")
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run)")
        try await volume.unmount()
        try await expectNothing("not every volume is mounted")
        _ = try await volume.agent.run(["mount", "--config", file])
        _ = try configure(
            volume,
            "[[volume]]\ndevice = \"\(missing.node)\"\nmount-point = \"\(missing.mountPoint)\"\ntries = 1\n"
        )
        try await expectNothing("not every volume is mounted")
        try Files.write("no-such-key = 1\n", to: file)
        try await expectNothing("not every volume is mounted")
    }

    @Test
    func `it is said no more once it does not hold, and again when it does`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        let agent = volume.agent
        _ = try await agent.run(["mount", "--config", file])
        let (path, mountPoint, node) = (console(volume), volume.mountPoint, volume.node)
        func count() -> Int { (Files.text(path) ?? "").split(separator: "\n").count }
        let announced = try await announce(volume, file, seconds: 60) { running in
            try await Eventually.holds("it is said") { count() > 1 }
            try await Command.check("umount", [mountPoint])
            try await running.logs("not every volume is mounted")
            let before = count()
            _ = try await agent.run(["mount", "--config", file])
            try await Eventually.holds("it is said again") { count() > before }
            #expect(Mounts.all().contains { $0.target == mountPoint }, "\(node)")
            running.send(SIGTERM)
        }
        #expect(announced.exitCode == 0, "\(announced)")
    }

    @Test
    func `a report of another boot makes no line`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        _ = try await volume.agent.run(["mount", "--config", file])
        let directory = volume.agent.runtimeDirectory
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8).prefix(36)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        let name = try #require(names.first { $0.hasSuffix(".json") })
        let text = try #require(Files.text("\(directory)/\(name)"))
        for other in [
            text.replacing(boot, with: String(boot.reversed())), text.replacing("\"boot\"", with: "\"boat\""),
        ] {
            #expect(other != text)
            try Files.write(other, to: "\(directory)/\(name)")
            _ = try await announce(volume, file)
            let said = lines(volume)
            #expect(said.isEmpty)
        }
        try Files.write(text, to: "\(directory)/\(name)")
        _ = try await announce(volume, file)
        let said = lines(volume)
        #expect(said.count == 1)
    }

    @Test
    func `released is said while nothing is mounted again, and not of a volume that is`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        _ = try await volume.agent.run(["mount", "--config", file])
        let released = try await volume.agent.run(["release", "--config", file])
        #expect(released.exitCode == 0, "\(released)")
        _ = try await announce(volume, file)
        let said = lines(volume)
        #expect(said.count == 1 && said[0].contains(" outcome=released exit=0 reason=- "))
        try await volume.mount()
        let again = try await announce(volume, file)
        #expect(lines(volume).count == 1 && again.log.contains("not every volume was released"), "\(again)")
    }

    @Test
    func `released is not said of a volume that is mounted somewhere else`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        _ = try await volume.agent.run(["mount", "--config", file])
        _ = try await volume.agent.run(["release", "--config", file])
        let elsewhere = try ScratchDirectory()
        let mounted = try await Command.run("mount", [volume.node, elsewhere.path])
        #expect(mounted.exitCode == 0, "\(mounted)")
        defer { _ = umount2(elsewhere.path, 0) }
        let said = try await announce(volume, file)
        #expect(lines(volume).isEmpty && said.log.contains("not every volume was released"), "\(said)")
    }

    @Test
    func `of an instance that nobody tells nothing is said`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        _ = try await volume.agent.run(["mount", "--config", file])
        let announced = try await volume.agent.run([
            "announce", "--config", file, "--console", console(volume), "--for", "0",
        ]) { running in
            try await running.logs("which instance of EC2 this is")
            running.send(SIGTERM)
        }
        #expect(announced.exitCode == 0, "\(announced)")
        let said = lines(volume)
        #expect(said.isEmpty)
    }

    @Test
    func `a console that takes nothing holds up nobody`() async throws {
        let volume = try TestVolume()
        let file = try configure(volume)
        _ = try await volume.agent.run(["mount", "--config", file])
        let path = console(volume)
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        let announced = try await announce(volume, file, seconds: 1)
        #expect(announced.exitCode == 0 && announced.log.contains("took no line"), "\(announced)")
    }
}
