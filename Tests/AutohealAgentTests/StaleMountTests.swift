import TestSupport
import Testing

/// Mount points that show what is not there: dead mounts, and mounts that are still to come.
@Suite("Stale mount", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct StaleMountTests {
    /// The old device stays a real one, and is only taken out of the sysfs that the agent sees: the kernel here removes no
    /// device that is mounted. All of it in a mount namespace, whose table of mounts is kept at the end.
    ///
    /// - Parameter user: a command that is run there first.
    private func run(
        _ command: String,
        on new: borrowing TestVolume,
        whereGone old: borrowing TestVolume,
        user: String = ":"
    ) async throws -> (run: AgentRun, mounts: [Substring]) {
        let target = try await Command.check("readlink", ["/sys/dev/block/\(new.device.deviceNumber)"])
        let table = "\(old.directory.path)/mountinfo"
        let run = try await new.run(
            command,
            ["--mount-point", old.mountPoint],
            under: [
                "unshare", "--mount", "sh", "-c",
                """
                mount -t tmpfs none /sys/dev/block && ln -s "$0" "/sys/dev/block/$1" && table=$2 && shift 2 || exit 99
                mp="\(old.mountPoint)"; cleanup=:; \(user)
                "$@"; code=$?; cat /proc/self/mountinfo >"$table"; $cleanup; exit $code
                """,
                String(target.dropLast()), new.device.deviceNumber, table,
            ]
        )
        let mountPoint = " \(old.mountPoint) "
        let lines = (Files.text(table) ?? "").split(separator: "\n").filter { $0.contains(mountPoint) }
        return (run, lines)
    }

    /// A volume that is mounted, and one that it may have come back as.
    private func prepare(_ old: borrowing TestVolume, _ new: borrowing TestVolume, isSame: Bool = true) async throws {
        try await ExistingFilesystem.ext4.make(on: old)
        if isSame {
            try await Command.check("cp", ["--sparse=always", old.image, new.image])
            try new.device.attach(new.image)
        } else {
            try new.device.attach(new.image)
            try await ExistingFilesystem.ext4.make(on: new)
        }
        try await old.mount()
    }

    @Test func `a volume that came back under another node takes the place of its dead mount`() async throws {
        let old = try TestVolume()
        let new = try TestVolume(attached: false)
        try await prepare(old, new)
        let (mountPoint, oldNumber, newNumber) = (old.mountPoint, old.device.deviceNumber, new.device.deviceNumber)
        let plan = try await run("plan", on: new, whereGone: old)
        #expect(plan.run.exitCode == 0 && plan.run.output.contains("would: unmount \(mountPoint)"), "\(plan)")
        #expect(plan.mounts.count == 1 && plan.mounts[0].contains(" \(oldNumber) "), "\(plan)")
        let mounted = try await run("mount", on: new, whereGone: old)
        #expect(mounted.run.exitCode == 0 && mounted.run.log.contains("Unmounted the dead mount"), "\(mounted)")
        #expect(mounted.mounts.count == 1 && mounted.mounts[0].contains(" \(newNumber) "), "\(mounted)")
    }

    @Test(
        arguments: [
            (
                "(cd $mp && exec sleep 60) & cleanup=\"kill $!\"; until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done",
                "(sleep)"
            ),
            ("exec 8<$mp/old", "(sh)"), ("mkdir -p $mp/sub && mount -t tmpfs none $mp/sub", "the mount at "),
        ]
    )
    func `a dead mount that is in use stays, and who uses it is said`(user: String, words: String) async throws {
        let old = try TestVolume()
        let new = try TestVolume(attached: false)
        try await prepare(old, new)
        try Files.write("", to: "\(old.mountPoint)/old")
        let before = try new.snapshot()
        let (node, oldNumber) = (new.node, old.device.deviceNumber)
        let mounted = try await run("mount", on: new, whereGone: old, user: user)
        #expect(mounted.run.exitCode == 69, "\(mounted)")
        for words in [words, "gone from the machine", "It is the same volume as \(node)", "umount -l", "restart"] {
            #expect(mounted.run.log.contains(words), "\(mounted)")
        }
        #expect(mounted.mounts.count == 1 && mounted.mounts[0].contains(" \(oldNumber) "), "\(mounted)")
        let difference = try new.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test(arguments: ["mount", "plan"])
    func `the dead mount of another volume is left alone`(command: String) async throws {
        let old = try TestVolume()
        let new = try TestVolume(attached: false)
        try await prepare(old, new, isSame: false)
        let before = try new.snapshot()
        let oldNumber = old.device.deviceNumber
        let result = try await run(command, on: new, whereGone: old)
        let said = result.run.log + result.run.output
        #expect(result.run.exitCode == 69 && said.contains("gone from the machine"), "\(result)")
        #expect(said.contains("umount -l") && !said.contains("same volume"), "\(result)")
        #expect(result.mounts.count == 1 && result.mounts[0].contains(" \(oldNumber) "), "\(result)")
        let difference = try new.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test func `a file system that the kernel has shut down is neither healthy nor an error without words`()
        async throws
    {
        let volume = try TestVolume(size: ExistingFilesystem.xfs.minimumSize)
        try await ExistingFilesystem.xfs.make(on: volume)
        let first = try await volume.run()
        #expect(first.exitCode == 0, "\(first)")
        try await Command.check("xfs_io", ["-x", "-c", "shutdown", volume.mountPoint])
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 74 && status.output.contains("NOT HEALTHY"), "\(status)")
        let run = try await volume.run()
        #expect(run.exitCode == 69 && run.log.contains("shut it down"), "\(run)")
        #expect(run.log.contains("unmount it with 'umount MOUNT-POINT'"), "\(run)")
        try await volume.unmount()
        let repaired = try await volume.run()
        #expect(repaired.exitCode == 0, "\(repaired)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
    }

    /// A real autofs that nobody serves: whoever stepped into it would hang.
    @Test(arguments: [true, false])
    func `an automount is not stepped into, and its line in fstab is named`(hasLine: Bool) async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let directory = volume.directory.path
        try Files.makeDirectory(volume.mountPoint)
        let line = "UUID=1234 \(volume.mountPoint) ext4 noauto,x-systemd.automount 0 2\n"
        try Files.write("# nothing\n" + (hasLine ? line : ""), to: "\(directory)/fstab")
        let before = try volume.snapshot()
        for command in ["mount", "plan"] {
            let run = try await volume.run(
                command,
                under: [
                    "unshare", "--mount", "sh", "-c",
                    """
                    test -p "$0/pipe" || mkfifo "$0/pipe"; exec 7<>"$0/pipe"
                    mount --bind "$0/fstab" /etc/fstab &&
                    mount -t autofs -o fd=7,pgrp=1,minproto=5,maxproto=5,direct systemd-1 "$0/data" && exec "$@"
                    """, directory,
                ]
            )
            let said = run.log + run.output
            #expect(run.exitCode == 69 && said.contains("automount"), "\(run)")
            let mountPoint = volume.mountPoint
            let named = "'UUID=1234 \(mountPoint) ext4 noauto,x-systemd.automount'"
            #expect(said.contains(named) == hasLine, "\(run)")
        }
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }
}
