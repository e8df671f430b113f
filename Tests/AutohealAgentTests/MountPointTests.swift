import TestSupport
import Testing

@Suite("Mount point", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct MountPointTests {
    @Test func `a mount point that shows another device is refused, and nothing is stacked on it`() async throws {
        let volume = try TestVolume()
        let other = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", other.node])
        try await other.mount(at: volume.mountPoint)
        let before = try volume.snapshot()
        for command in ["mount", "plan"] {
            let run = try await volume.run(command)
            #expect(run.exitCode == 69, "\(run)")
            let node = other.node
            #expect((run.log + run.output).contains("already shows \(node)"), "\(run)")
        }
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.count == 1)
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        try await volume.unmount()
    }

    @Test func `a mount point that shows memory, or a directory of the same volume, is refused`() async throws {
        let volume = try TestVolume()
        try Files.makeDirectory(volume.mountPoint)
        try await Command.check("mount", ["-t", "tmpfs", "none", volume.mountPoint])
        let overMemory = try await volume.run()
        #expect(overMemory.exitCode == 69 && overMemory.log.contains("tmpfs"), "\(overMemory)")
        try await volume.unmount()

        let elsewhere = "\(volume.directory.path)/elsewhere"
        try await Command.check("mkfs.ext4", ["-q", volume.node])
        try await volume.mount(at: elsewhere)
        try Files.makeDirectory("\(elsewhere)/below")
        try await Command.check("mount", ["--bind", "\(elsewhere)/below", volume.mountPoint])
        let overBind = try await volume.run()
        #expect(overBind.exitCode == 69 && overBind.log.contains("root /below"), "\(overBind)")
    }

    @Test(arguments: ["file", "link", "below-file"])
    func `a mount point that is no directory is refused before the device is touched`(kind: String) async throws {
        let volume = try TestVolume()
        let path = "\(volume.directory.path)/place"
        switch kind {
        case "link": try await Command.check("ln", ["-s", "/nowhere/at/all", path])
        default: try Files.write("content\n", to: path)
        }
        let mountPoint = kind == "below-file" ? "\(path)/data" : path
        let before = try volume.snapshot()
        for command in ["mount", "plan"] {
            let run = try await volume.run(command, ["--mount-point", mountPoint])
            #expect(run.exitCode == 69, "\(run)")
            #expect((run.log + run.output).contains("not a directory"), "\(run)")
        }
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        if kind != "link" { #expect(Files.text(path) == "content\n") }
    }

    @Test func `a mount point that is not empty is mounted over, with a warning`() async throws {
        let volume = try TestVolume()
        try Files.makeDirectory(volume.mountPoint)
        try Files.write("hidden\n", to: "\(volume.mountPoint)/file")
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.warns("not empty"), "\(run)")
        #expect(!Files.exists("\(volume.mountPoint)/file"))
        try await volume.unmount()
        #expect(Files.text("\(volume.mountPoint)/file") == "hidden\n")
    }

    @Test func `the device mounted read-only at the mount point is refused unless ro is wanted`() async throws {
        let volume = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", volume.node])
        try await volume.mount("ro")
        let run = try await volume.run()
        #expect(run.exitCode == 71 && run.log.contains("read-only"), "\(run)")
        let wanted = try await volume.run("mount", ["--options", "ro"])
        #expect(wanted.exitCode == 0, "\(wanted)")
        let isMounted = volume.isMounted
        #expect(isMounted)
    }

    @Test func `a mount point behind a symbolic link and with a blank in its name works, twice`() async throws {
        let volume = try TestVolume()
        let real = "\(volume.directory.path)/the real place"
        let link = "\(volume.directory.path)/link"
        try Files.makeDirectory(real)
        try await Command.check("ln", ["-s", real, link])
        for _ in 0..<2 {
            let run = try await volume.run("mount", ["--mount-point", link])
            #expect(run.exitCode == 0, "\(run)")
            let mounts = Mounts.at(real)
            #expect(mounts.count == 1)
        }
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 0, "\(status)")
    }

    /// On an ext4 of its own, since not every file system knows immutable directories.
    @Test(arguments: ["comes", "never comes", "is refused"])
    func `nothing can be written into the bare mount point, whether the volume comes or not`(fate: String) async throws
    {
        let root = try TestVolume()
        try await Command.check("mkfs.ext4", ["-q", root.node])
        try await root.mount()
        let mountPoint = "\(root.mountPoint)/srv/data"
        let volume = try TestVolume(attached: fate != "never comes")
        if fate == "is refused" { try Files.overwrite(volume.image, at: 0, with: [1]) }
        let run = try await volume.run("mount", ["--mount-point", mountPoint])
        #expect(run.exitCode == ["comes": 0, "never comes": 74, "is refused": 65][fate], "\(run)")
        if fate == "comes" {
            try Files.write("on the volume\n", to: "\(mountPoint)/file")
            try await Command.check("umount", [mountPoint])
        }
        let touch = try await Command.run("touch", ["\(mountPoint)/file"])
        #expect(!touch.succeeded && touch.errors.contains("Operation not permitted"), "\(touch.errors)")
        try await Command.check("chattr", ["-i", mountPoint])
    }
}
