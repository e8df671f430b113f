import Glibc
import TestSupport
import Testing

/// What mount.autoheal leaves for the units and for status.
@Suite(.serialized, .requiresRoot, .timeLimit(.minutes(3)))
struct MountHelperNoteTests: CallsMountHelper {
    @Test func `the unit waits for the line, and is done when it is mounted`() async throws {
        let volume = try TestVolume(attached: false)
        let fstab = "\(volume.directory.path)/fstab"
        let file = "\(volume.directory.path)/config.toml"
        let environment = ["LIBMOUNT_FSTAB": fstab, "AUTOHEAL_UNIT": "autoheal-agent.service"]
        try Files.write("[agent]\nmetadata-disabled = true\n", to: file)
        try Files.write(line(volume), to: fstab)
        let (image, node) = (volume.image, volume.node)
        let mounted = try await volume.agent.run(["mount", "--config", file], environment: environment) { _ in
            try volume.device.attach(image)
            let run = try await helper(volume)
            #expect(run.exitCode == 0, "\(run) \(node)")
        }
        #expect(mounted.exitCode == 0 && mounted.log.contains("is mounted by"), "\(mounted)")
        try Files.write(line(volume) + line(volume, ",autoheal.trie=1"), to: fstab)
        let wrong = try await volume.agent.run(["mount", "--config", file], environment: environment)
        #expect(wrong.exitCode == 78 && wrong.log.contains("did you mean 'autoheal.tries'?"), "\(wrong)")
    }

    @Test func `a mount by hand that no line has is nobody else's`() async throws {
        let volume = try TestVolume(attached: false)
        try Files.write("", to: "\(volume.directory.path)/fstab")
        let late = try await helper(volume)
        #expect(late.exitCode == 32, "\(late)")
        let isNoted = Files.exists("\(volume.agent.runtimeDirectory)/awaited/\(Self.unit(volume.mountPoint))")
        #expect(!isNoted)
        let faked = try await helper(volume, "remount,ro", ["-f"])
        #expect(faked.exitCode == 0, "\(faked)")
    }

    @Test func `a mount that has failed is noted for the unit that starts it again, until it has not`() async throws {
        let volume = try TestVolume(attached: false)
        let note =
            "\(volume.agent.runtimeDirectory)/awaited/\(Self.unit(volume.mountPoint))"
        let late = try await helper(volume)
        #expect(late.exitCode == 32 && Files.exists(note), "\(late)")
        try volume.device.attach(volume.image)
        let run = try await helper(volume)
        #expect(run.exitCode == 0 && !Files.exists(note), "\(run)")
    }

    @Test func `a signal ends the wait, and nothing is noted`() async throws {
        let volume = try TestVolume(attached: false)
        let run = try await helper(volume, "autoheal.tries=600") { agent in
            try await agent.logs("Not there yet")
            agent.send(SIGTERM)
        }
        #expect(run.exitCode == 8 && run.log.contains("asked to stop"), "\(run)")
        let note = "\(volume.agent.runtimeDirectory)/awaited/\(Self.unit(volume.mountPoint))"
        #expect(!Files.exists(note))
        // One that somebody else waits for stays so.
        let late = try await helper(volume)
        #expect(late.exitCode == 32 && Files.exists(note), "\(late)")
        let again = try await helper(volume, "autoheal.tries=600") { agent in
            try await agent.logs("Not there yet")
            agent.send(SIGINT)
        }
        #expect(again.exitCode == 8 && Files.exists(note), "\(again)")
    }

    @Test func `a run that is killed leaves the note, and nobody holds it`() async throws {
        let volume = try TestVolume(attached: false)
        let note = "\(volume.agent.runtimeDirectory)/awaited/\(Self.unit(volume.mountPoint))"
        _ = try await helper(volume, "autoheal.tries=600") { agent in
            try await agent.logs("Not there yet")
            let held = try await Command.run("flock", ["--nonblock", note, "true"])
            #expect(held.exitCode == 1, "\(held)")
            agent.send(SIGKILL)
        }
        let free = try await Command.run("flock", ["--nonblock", note, "true"])
        #expect(Files.exists(note) && free.exitCode == 0, "\(free)")
    }

    @Test func `a line whose mount point goes through a link is that of the directory it leads to`() async throws {
        let volume = try TestVolume(attached: false)
        let directory = volume.directory.path
        try await Command.check("ln", ["-s", directory, "\(directory)/link"])
        let name = volume.mountPoint.split(separator: "/").last.map(String.init) ?? ""
        let fstab = "\(directory)/fstab"
        try Files.write(line(volume).replacing(volume.mountPoint, with: "\(directory)/link/\(name)"), to: fstab)
        let late = try await helper(volume)
        let isNoted = Files.exists("\(volume.agent.runtimeDirectory)/awaited/\(Self.unit(volume.mountPoint))")
        #expect(late.exitCode == 32 && isNoted, "\(late)")
        try volume.device.attach(volume.image)
        let run = try await helper(volume)
        let status = try await volume.agent.run(["status"], environment: ["LIBMOUNT_FSTAB": fstab])
        #expect(run.exitCode == 0 && status.exitCode == 0, "\(run) \(status)")
    }

    @Test func `a line that was taken out and is mounted no more is missed by nobody`() async throws {
        let volume = try TestVolume()
        let fstab = "\(volume.directory.path)/fstab"
        let run = try await helper(volume)
        #expect(run.exitCode == 0, "\(run)")
        try await Command.check("umount", [volume.mountPoint])
        let missed = try await volume.agent.run(["status"], environment: ["LIBMOUNT_FSTAB": fstab])
        #expect(missed.exitCode == 69, "\(missed)")
        try Files.write("", to: fstab)
        let gone = try await volume.agent.run(["status"], environment: ["LIBMOUNT_FSTAB": fstab])
        #expect(!gone.output.contains("NOT HEALTHY") && !gone.log.contains("umount"), "\(gone)")
        #expect(gone.exitCode == 66 && gone.log.contains("was taken out of fstab and unmounted"), "\(gone)")
    }

    @Test func `what is asked for by hand alone says nothing of what is mounted`() async throws {
        let volume = try TestVolume()
        let run = try await helper(volume)
        #expect(run.exitCode == 0, "\(run)")
        let other = try await helper(volume, "autoheal.device=/dev/nothing", spec: "vol-0fedcba9876543210")
        #expect(other.exitCode == 32, "\(other)")
        let status = try await volume.agent.run(
            ["status"],
            environment: ["LIBMOUNT_FSTAB": "\(volume.directory.path)/fstab"]
        )
        #expect(status.exitCode == 0 && status.log.isEmpty, "\(status)")
    }
}
