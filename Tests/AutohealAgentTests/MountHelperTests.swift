import Glibc
import TestSupport
import Testing

/// The program by its name mount.autoheal, called as mount(8) calls it.
@Suite(.serialized, .requiresRoot, .timeLimit(.minutes(3)))
struct MountHelperTests: CallsMountHelper {
    @Test func `a blank volume is formatted and mounted, and a second call finds nothing to do`() async throws {
        let volume = try TestVolume()
        let run = try await helper(volume, "noatime,autoheal.label=data")
        #expect(run.exitCode == 0 && run.did("format"), "\(run)")
        let (isMounted, label) = (volume.isMounted, try await volume.tag("LABEL"))
        #expect(isMounted && label == "data")
        let again = try await helper(volume, "noatime,autoheal.label=data")
        #expect(again.exitCode == 0 && again.steps.isEmpty, "\(again)")
        let status = try await volume.agent.run(["status", "--config", "/nonexistent"])
        #expect(status.exitCode == 0, "\(status)")
    }

    @Test func `the exit codes are those of mount`() async throws {
        let volume = try TestVolume()
        for (options, arguments, spec, code, words) in [
            ("autoheal.trie=1", [], Self.id, 1, "did you mean 'autoheal.tries'?"),
            ("", [], "/dev/xvdf", 1, "'/dev/xvdf' is a path"),
            ("", [], "LABEL=data", 1, "names a file system"),
            ("", ["-N", "/proc/1/ns/mnt"], Self.id, 1, "-N is not supported"),
            ("", ["--unknown"], Self.id, 1, "Unknown option"),
            ("autoheal.format=never", ["-sn"], Self.id, 32, "never"),
            ("ro", ["-t", "autoheal.ext4"], Self.id, 32, "ro"),
        ] as [(String, [String], String, Int32, String)] {
            let run = try await helper(volume, options, arguments, spec: spec)
            #expect(run.exitCode == code && run.log.contains(words), "\(run)")
        }
        let blank = try volume.snapshot()
        #expect(blank.isZero)
        let help = try await volume.agent.run(["--help"], under: Self.name)
        #expect(help.exitCode == 0 && help.output.contains("mount.autoheal"), "\(help)")
    }

    @Test func `what is not blank is refused, and stays as it is`() async throws {
        let volume = try TestVolume()
        try Files.overwrite(volume.node, at: 1 << 20, with: Array("data".utf8))
        let before = try volume.snapshot()
        let run = try await helper(volume)
        #expect(run.exitCode == 32 && run.log.contains("1048576"), "\(run)")
        let after = try volume.snapshot()
        #expect(after.firstDifference(from: before) == nil)
    }

    @Test func `asked to do everything but mount, it says what it would do`() async throws {
        let volume = try TestVolume()
        let run = try await helper(volume, "noatime", ["-f", "-v"])
        #expect(run.exitCode == 0 && run.output.contains("would: format"), "\(run)")
        let blank = try volume.snapshot()
        #expect(blank.isZero)
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
    }

    @Test func `a remount changes the options, and looks at nothing`() async throws {
        let volume = try TestVolume()
        let bare = try await helper(volume, "remount,ro")
        #expect(bare.exitCode == 32 && bare.log.contains("remount"), "\(bare)")
        let run = try await helper(volume)
        #expect(run.exitCode == 0, "\(run)")
        let file = "\(volume.agent.runtimeDirectory)/\(Self.report(volume.mountPoint))"
        let report = Files.text(file)
        for (options, isReadOnly) in [("remount,ro", true), ("remount,rw", false)] {
            let other = try await helper(volume, options)
            #expect(other.exitCode == 0 && other.log.isEmpty, "\(other)")
            let mounts = Mounts.at(volume.mountPoint)
            #expect(mounts.map(\.isReadOnly) == [isReadOnly])
        }
        #expect(report != nil && Files.text(file) == report)
    }

    @Test func `a signal during mkfs lets mkfs finish, and mounts nothing`() async throws {
        let volume = try TestVolume()
        let held = try await HeldTool("mkfs.ext4", in: volume.directory.path)
        let run = try await helper(volume, under: held.wrapper) { agent in
            let mkfs = try await held.stopped(by: agent)
            agent.send(SIGTERM)
            kill(mkfs, SIGCONT)
        }
        #expect(run.exitCode == 8, "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
    }

    @Test func `what may pass is tried again in the same run`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let real = try Command.path(of: "e2fsck")
        let directory = volume.directory.path
        try await Command.check("cp", ["--dereference", real, "\(directory)/real-e2fsck"])
        try Files.write(
            "#!/bin/sh\n[ -e \(directory)/failed ] || { touch \(directory)/failed; exit 8; }\nexec \(directory)/real-e2fsck \"$@\"\n",
            to: "\(directory)/e2fsck"
        )
        try await Command.check("chmod", ["0755", "\(directory)/e2fsck"])
        let script = "mount --bind \"$0\" \"$1\" && shift && exec \"$@\""
        let wrapper = [
            "unshare", "--mount", "sh", "-c", script, "\(directory)/e2fsck", real,
        ]
        let run = try await helper(volume, "autoheal.interval=30", under: wrapper)
        #expect(run.exitCode == 0 && run.log.contains("It is tried again in 5"), "\(run)")
    }

    @Test func `plan, check and status know the line`() async throws {
        let volume = try TestVolume()
        let fstab = "\(volume.directory.path)/fstab"
        let file = "\(volume.directory.path)/config.toml"
        let environment = ["LIBMOUNT_FSTAB": fstab]
        let program = volume.agent
        func agent(_ arguments: [String]) async throws -> AgentRun {
            try await program.run(arguments, environment: environment)
        }
        try Files.write(line(volume), to: fstab)
        try Files.write("", to: file)
        let check = try await agent(["config", "check", file])
        #expect(check.exitCode == 0 && check.output.contains("\(fstab): right, 1 volume."), "\(check)")
        for arguments in [["plan", "--fstab"], ["plan", "--config", file]] {
            let plan = try await agent(arguments)
            #expect(plan.exitCode == 0 && plan.output.contains("would: format"), "\(plan)")
        }
        let before = try await agent(["status", "--config", file])
        #expect(before.exitCode == 66 && before.log.contains("fstab has \(Self.id)"), "\(before)")
        let run = try await helper(volume)
        #expect(run.exitCode == 0, "\(run)")
        let same = try await agent(["status", "--config", file])
        #expect(same.exitCode == 0 && same.log.isEmpty, "\(same)")
        try Files.write(line(volume, ",autoheal.label=other"), to: fstab)
        let changed = try await agent(["status", "--config", file])
        #expect(changed.exitCode == 0 && changed.log.contains("have changed since the last run"), "\(changed)")
        try Files.write("", to: fstab)
        let gone = try await agent(["status", "--config", file])
        #expect(gone.exitCode == 0 && gone.log.contains("is no longer in fstab"), "\(gone)")
        try Files.write(line(volume, ",autoheal.trie=1"), to: fstab)
        for arguments in [["plan", "--fstab"], ["config", "check", file]] {
            let wrong = try await agent(arguments)
            #expect(wrong.exitCode == 78 && wrong.log.contains("did you mean 'autoheal.tries'?"), "\(wrong)")
        }
        try Files.write("# nothing\n", to: fstab)
        let none = try await agent(["plan", "--fstab"])
        #expect(none.exitCode == 64 && none.log.contains("has no line of the type autoheal"), "\(none)")
    }

    @Test func `a line and a table for the same volume are an error, and a leftover line is warned of`() async throws {
        let volume = try TestVolume()
        let fstab = "\(volume.directory.path)/fstab"
        let file = "\(volume.directory.path)/config.toml"
        try Files.write("[[volume]]\ndevice = \"/dev/sdf\"\nmount-point = \"\(volume.mountPoint)\"\n", to: file)
        try Files.write(line(volume), to: fstab)
        let wrong = try await volume.agent.run(["config", "check", file], environment: ["LIBMOUNT_FSTAB": fstab])
        #expect(wrong.exitCode == 78 && wrong.log.contains("is that of [[volume]] number 1 of \(file) too"), "\(wrong)")
        try Files.write("LABEL=x \(volume.mountPoint) ext4 nofail\n", to: fstab)
        let leftover = try await volume.agent.run(["config", "check", file], environment: ["LIBMOUNT_FSTAB": fstab])
        #expect(leftover.exitCode == 0 && leftover.log.contains("warning: 'LABEL=x"), "\(leftover)")
    }

    @Test func `what mount would show elsewhere is refused`() async throws {
        let volume = try TestVolume()
        let fstab = "\(volume.directory.path)/fstab"
        try Files.write(line(volume, ",X-mount.subdir=x"), to: fstab)
        let wrong = try await helper(volume)
        #expect(wrong.exitCode == 1 && wrong.log.contains("X-mount.subdir"), "\(wrong)")
        let blank = try volume.snapshot()
        #expect(blank.isZero)
    }

    @Test func `a place that only this process would see is refused`() async throws {
        let volume = try TestVolume()
        let wrapper = ["unshare", "--mount"] + Self.name
        let run = try await volume.agent.run([Self.id, "/run/mount/tmptgt"], under: wrapper)
        #expect(run.exitCode == 1 && run.log.contains("X-mount.subdir="), "\(run)")
    }

    @Test func `a label cannot move the cursor`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try await Command.check("tune2fs", ["-L", "a\u{1B}[31m\nb", volume.node])
        let plan = try await volume.agent.run(["plan", "--device", volume.node, "--label", "wanted"])
        #expect(plan.output.contains("\\u{1B}[31m") || plan.output.contains("\\u{1b}[31m"), "\(plan)")
        #expect(!plan.output.contains("\u{1B}"), "\(plan)")
    }
}
