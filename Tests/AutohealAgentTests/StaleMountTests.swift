import TestSupport
import Testing

/// Mount points that show what is not there: dead mounts, and mounts that are still to come.
@Suite("Stale mount", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct StaleMountTests {
    /// The old device stays a real one, and is only taken out of the sysfs that the agent sees: the kernel here removes no
    /// device that is mounted.
    @Test(arguments: [true, false])
    func `a volume that came back under another node is told from its dead mount`(isSame: Bool) async throws {
        let old = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: old)
        try await old.mount()
        let new = try TestVolume(attached: false)
        if isSame {
            try await Command.check("cp", ["--sparse=always", old.image, new.image])
            try new.device.attach(new.image)
        } else {
            try new.device.attach(new.image)
            try await ExistingFilesystem.ext4.make(on: new)
        }
        let number = new.device.deviceNumber
        let target = try await Command.check("readlink", ["/sys/dev/block/\(number)"])
        let before = try new.snapshot()
        for command in ["mount", "plan"] {
            let run = try await new.run(
                command,
                ["--mount-point", old.mountPoint],
                under: [
                    "unshare", "--mount", "sh", "-c",
                    "mount -t tmpfs none /sys/dev/block && ln -s \"$0\" \"/sys/dev/block/$1\" && shift && exec \"$@\"",
                    String(target.dropLast()), number,
                ]
            )
            let said = run.log + run.output
            #expect(run.exitCode == 69, "\(run)")
            #expect(said.contains("gone from the machine") && said.contains("umount -l"), "\(run)")
            let node = new.node
            #expect(said.contains("The same file system is on \(node)") == isSame, "\(run)")
        }
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
        #expect(run.log.contains("umount -l"), "\(run)")
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
