import TestSupport
import Testing

/// What an attack on a release build found: each was reproduced before it was mended.
@Suite("Found by attack", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct AttackTests {
    /// In a PID namespace of its own, under a /proc of another, the agent's number is another process, which here has a
    /// file open under every number that the agent may use.
    @Test(arguments: ["if-blank", "if-no-signature"])
    func `in another PID namespace no file of another process is touched`(policy: String) async throws {
        let volume = try TestVolume()
        let victim = "\(volume.directory.path)/victim"
        try Files.makeSparse(victim, size: 64 << 20)
        try await Command.check("mkfs.ext4", ["-q", "-F", victim])
        let before = try Snapshot(of: victim)
        let script = """
            for i in $(seq 3 40); do eval "exec $i<>\(victim)"; done
            ( for i in $(seq 3 40); do eval "exec $i>&-"; done; exec unshare --pid --fork "$@" )
            """
        let run = try await volume.run(
            "mount",
            ["--format", policy],
            under: ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "bash", "-c", script, "bash"]
        )
        let difference = try Snapshot(of: victim).firstDifference(from: before)
        #expect(difference == nil, "\(run)")
        #expect(run.exitCode == 0, "\(run)")
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }

    @Test(
        arguments: [
            ("-E test_fs", 512), ("-r 0", 512),
            (
                "-O ^has_journal,^extent,^flex_bg,^64bit,^huge_file,^dir_nlink,^extra_isize,^metadata_csum,^large_file",
                512
            ),
            ("-b 1k", 4096), ("-b -1024", 4096),
        ] as [(String, UInt32)]
    )
    func `what would not be found again as an ext4 is not written`(options: String, sector: UInt32) async throws {
        let volume = try TestVolume(attached: false)
        try volume.device.attach(volume.image, blockSize: sector)
        let run = try await volume.run("mount", ["--mkfs-options", options])
        #expect(run.exitCode == 73 && run.log.contains("Nothing was written"), "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `a limit of file sizes is an error in words`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run(under: ["prlimit", "--fsize=0"])
        #expect(run.exitCode != nil && run.exitCode != 0, "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `a directory of the volume bound over it is not healthy`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        try await Command.check("mount", ["--bind", "\(volume.mountPoint)/lost+found", volume.mountPoint])
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 69 && status.output.contains("NOT HEALTHY"), "\(status)")
        try await Command.check("umount", [volume.mountPoint])
    }
}
