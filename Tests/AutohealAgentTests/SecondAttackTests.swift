import Glibc
import TestSupport
import Testing

/// What a second attack on a release build found: each was reproduced before it was mended.
@Suite("Found by the second attack", .serialized, .requiresRoot, .timeLimit(.minutes(3)))
struct SecondAttackTests {
    @Test(arguments: ["ro=vfs", "ro=fs", "ro=recursive", "rw=vfs"])
    func `an option that means read-only in another way is refused, and nothing is replayed`(option: String)
        async throws
    {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--options", option])
        #expect(run.exitCode == 64 && run.log.contains("must be r"), "\(run)")
    }

    @Test func `what was to be read-only and is mounted read-write is no success`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let first = try await volume.run()
        #expect(first.exitCode == 0, "\(first)")
        let run = try await volume.run("mount", ["--options", "ro"])
        #expect(run.exitCode == 71 && run.log.contains("read-write, and options ask for ro"), "\(run)")
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 71, "\(status)")
        try await Command.check("mount", ["-o", "remount,ro", volume.mountPoint])
        let again = try await volume.run("mount", ["--options", "ro"])
        #expect(again.exitCode == 0, "\(again)")
        try await Command.check("mount", ["-o", "remount,rw", volume.mountPoint])
        let writable = try await volume.agent.run(["status"])
        #expect(writable.exitCode == 71 && writable.output.contains("was to be read-only"), "\(writable)")
    }

    @Test(arguments: [" data", "data ", "\u{2003}data"])
    func `a label that would not be read back is refused before the format`(label: String) async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--label", label])
        #expect(run.exitCode == 64 && run.log.contains("white space"), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test(arguments: [[], ["--no-check"]])
    func `a volume that is in use through a loop device on top of it is not touched`(flags: [String]) async throws {
        let volume = try TestVolume(size: 128 << 20)
        try await ExistingFilesystem.ext4.make(on: volume)
        let upper = try LoopDevice()
        try upper.attach(volume.node)
        let directory = "\(volume.directory.path)/upper"
        try Files.makeDirectory(directory)
        try await Command.check("mount", [upper.node, directory])
        try Files.write("the only copy", to: "\(directory)/file")
        try await Command.check("sync", ["-f", directory])
        let before = try volume.snapshot()
        let run = try await volume.run("mount", flags)
        let name = upper.node.split(separator: "/").last ?? ""
        #expect(run.exitCode == 69 && run.log.contains("built on it: \(name)"), "\(run)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        try await Command.check("umount", [directory])
    }

    @Test func `two volumes never lie upon each other, whatever links lead to the directory`() async throws {
        let one = try TestVolume()
        let other = try TestVolume()
        let link = "\(one.directory.path)/link"
        try Files.makeDirectory(one.mountPoint)
        #expect(symlink(one.mountPoint, link) == 0)
        let file = "\(one.directory.path)/config.toml"
        let volumes = [(one.node, one.mountPoint), (other.node, link)]
        try Files.write(
            volumes.map { "[[volume]]\ndevice = \"\($0)\"\nmount-point = \"\($1)\"\ntries = 1\ninterval = 1\n" }
                .joined(),
            to: file
        )
        for _ in 0..<5 {
            let run = try await one.agent.run(["mount", "--config", file])
            #expect(run.exitCode == 69, "\(run)")
            let mounts = Mounts.at(one.mountPoint)
            #expect(mounts.count == 1, "\(mounts)")
            try await Command.check("umount", [one.mountPoint])
        }
    }

    @Test func `no link leads a volume over a directory of the system`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let link = "\(volume.directory.path)/link"
        #expect(symlink("/etc", link) == 0)
        for (path, exit) in [(link, 78), ("/usr/bin", 64)] as [(String, Int32)] {
            let run = try await volume.run("mount", ["--mount-point", path])
            #expect(run.exitCode == exit && run.log.contains("directory of the system"), "\(run)")
        }
    }

    @Test(arguments: ["-O +mmp", "-O MMP", "-O quota,+MMP"])
    func `mmp is refused however it is spelled`(options: String) async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--mkfs-options", options])
        #expect(run.exitCode == 64 && run.log.contains("never made the same twice"), "\(run)")
    }

    @Test func `mmp by mke2fs.conf is refused before anything is written`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run(
            under: [
                "unshare", "--mount", "sh", "-c",
                """
                sed 's/features = has_journal/features = mmp,has_journal/' /etc/mke2fs.conf > "$0" && \
                mount --bind "$0" /etc/mke2fs.conf && exec "$@"
                """, "\(volume.directory.path)/mke2fs.conf",
            ]
        )
        #expect(run.exitCode == 73 && run.log.contains("never made the same twice"), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test(arguments: ["-O casefold", "-O quota"])
    func `what this kernel does not mount is not written, or said to hold nothing`(options: String) async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q"] + options.split(separator: " ").map(String.init) + [volume.node])
        let directory = "\(volume.directory.path)/other"
        try Files.makeDirectory(directory)
        let isMountable = try await Command.run("mount", [volume.node, directory]).exitCode == 0
        if isMountable { try await Command.check("umount", [directory]) }
        try await Command.check("blkdiscard", ["--force", "--zeroout", volume.node])

        let run = try await volume.run("mount", ["--mkfs-options", options])
        if isMountable {
            #expect(run.exitCode == 0, "\(run)")
        } else if run.exitCode == 71 {
            // Nothing tells beforehand whether the kernel has the format of quota files.
            #expect(
                options.contains("quota") && run.log.contains("made by this run, which wrote nothing into it"),
                "\(run)"
            )
        } else {
            #expect(run.exitCode == 73 && run.log.contains("this kernel does not mount an ext4 with"), "\(run)")
            let isBlank = try volume.snapshot().isZero
            #expect(isBlank)
        }
    }

    @Test func `a marker in a file system that was in use is left alone`() async throws {
        let volume = try TestVolume()
        // Killed between the superblock and the clearing of the marker.
        _ = try await volume.run(under: Strace.wrapper(["fsync:signal=SIGKILL:when=3"], path: volume.node))
        let place = volume.size - 128 << 10
        let marker = try volume.bytes(at: place, count: 4096)
        #expect(marker.starts(with: Array("AUTOHEAL-INTENT".utf8)))
        let directory = "\(volume.directory.path)/other"
        try Files.makeDirectory(directory)
        try await volume.mount(at: directory)
        try await Command.check("umount", [directory])
        let run = try await volume.run()
        #expect(run.exitCode == 0 && !run.did("finish-format"), "\(run)")
        let after = try volume.bytes(at: place, count: 4096)
        #expect(after == marker)
    }

    @Test func `without dev null the programs of e2fsprogs run all the same`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run(
            under: [
                "unshare", "--mount", "sh", "-c",
                """
                mount -t tmpfs none /mnt && mknod "/mnt/${0##*/}" b "$1" "$2" && mkdir /mnt/shm && \
                mount --bind /dev/shm /mnt/shm && mount --move /mnt /dev && shift 2 && exec "$@"
                """, volume.node, String(volume.device.deviceNumber.split(separator: ":")[0]),
                String(volume.device.deviceNumber.split(separator: ":")[1]),
            ]
        )
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test(
        arguments: [(["--owner", "nosuchuser"], 78), (["--mkfs-options", "-O nosuchfeature"], 73)]
            as [([String], Int32)]
    )
    func `plan ends as mount would`(flags: [String], exit: Int32) async throws {
        let volume = try TestVolume()
        for command in ["plan", "mount"] {
            let run = try await volume.run(command, flags)
            #expect(run.exitCode == exit, "\(run)")
        }
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test(arguments: ["-M -b", "-o -b", "-b 4096 -M -b"])
    func `a value that looks like an option is a value`(options: String) async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--mkfs-options", options])
        #expect(run.signal == nil && [0, 73].contains(run.exitCode), "\(run)")
    }

    @Test func `a check that outlives its killed run is waited for, and no reason to give up`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let holder = "\(volume.directory.path)/e2fsck"
        // What holds the device exclusively goes by the name of e2fsck.
        try await Command.check("cp", ["/usr/bin/python3", holder])
        let script =
            "import os,sys; os.open(sys.argv[1], os.O_RDONLY|os.O_EXCL); print(1, flush=True); sys.stdin.read()"
        let run = try await volume.run(
            under: [
                "sh", "-c",
                """
                mkfifo "$0.in" "$0.out"; "$0" -c "$1" "$2" < "$0.in" > "$0.out" & exec 8> "$0.in"; read line < "$0.out"; \
                shift 2; "$@" 8>&-; status=$?; exec 8>&-; wait; exit $status
                """, holder, script, volume.node,
            ]
        )
        #expect(run.exitCode == 75 && run.log.contains("(e2fsck)") && run.log.contains("ends by itself"), "\(run)")
        let next = try await volume.run()
        #expect(next.exitCode == 0, "\(next)")
    }

    @Test func `names that only look like others are refused or taken as the others`() async throws {
        let volume = try TestVolume()
        let dots = try await volume.agent.run(["plan", "--device", "/dev/../dev/nvme9n1"])
        #expect(dots.exitCode == 64 && dots.log.contains("'..'"), "\(dots)")
        let long = try await volume.run("mount", ["--mount-point", "/" + String(repeating: "x", count: 250)])
        #expect(long.exitCode == 64 && long.log.contains("240"), "\(long)")
        let slash = try await volume.run()
        #expect(slash.exitCode == 0, "\(slash)")
        let status = try await volume.agent.run(["status", "--mount-point", volume.mountPoint + "/"])
        #expect(status.exitCode == 0, "\(status)")
    }
}
