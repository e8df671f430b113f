import TestSupport
import Testing

/// The agent and its configuration file.
@Suite(.serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ConfigurationFileTests {
    private func table(_ volume: borrowing TestVolume, _ more: String = "") -> String {
        """
        [[volume]]
        device = "\(volume.node)"
        mount-point = "\(volume.mountPoint)"
        tries = 2
        interval = 0.1
        \(more)

        """
    }

    @Test
    func `every volume of the file is mounted, each with its own settings`() async throws {
        let first = try TestVolume()
        let second = try TestVolume()
        let file = "\(first.directory.path)/config.toml"
        try Files.write(table(first, "label = \"one\"") + table(second, "mode = \"0700\""), to: file)
        let run = try await first.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run)")
        let areMounted = first.isMounted && second.isMounted
        #expect(areMounted)
        let label = try await first.tag("LABEL")
        #expect(label == "one")
        #expect(Files.ownership(second.mountPoint)?.hasPrefix("700") == true)
        let status = try await first.agent.run(["status"])
        #expect(status.exitCode == 0 && status.output.contains(second.mountPoint))
    }

    @Test
    func `one bad volume does not stop the others, and the exit code is that of the first that another try may mend`()
        async throws
    {
        let good = try TestVolume()
        let foreign = try TestVolume()
        let missing = try TestVolume(attached: false)
        try Files.overwrite(foreign.image, at: 1_000_000, with: [1])
        let before = try foreign.snapshot()
        let file = "\(good.directory.path)/config.toml"
        try Files.write(table(foreign) + table(missing) + table(good), to: file)
        let plan = try await good.agent.run(["plan", "--config", file])
        #expect(plan.exitCode == 74, "plan exits as mount would: \(plan)")
        let run = try await good.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 74, "\(run)")
        let isRight = good.isMounted && !foreign.isMounted
        #expect(isRight)
        let difference = try foreign.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        #expect(run.lines("outcome=").count == 3)
    }

    @Test
    func `a flag wins over the file`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        try Files.write(table(volume, "format = \"never\"\nlabel = \"file\""), to: file)
        let refused = try await volume.agent.run(["mount", "--config", file])
        #expect(refused.exitCode == 65)
        let run = try await volume.agent.run(
            ["mount", "--config", file, "--device", volume.node, "--format", "if-blank"])
        #expect(run.exitCode == 0, "\(run)")
        let label = try await volume.tag("LABEL")
        #expect(label == "file")
    }

    @Test(arguments: ["[[volume]]\ndevcie = \"/dev/xvdb\"", "[[volume]]\ndevice = 7", "not toml at all", "[agnet]\n"])
    func `a file with a mistake is named with its line, exit 78, and nothing is touched`(text: String) async throws {
        let volume = try TestVolume()
        let before = try volume.snapshot()
        let file = "\(volume.directory.path)/config.toml"
        try Files.write(table(volume) + text, to: file)
        for command in [["mount", "--config", file], ["plan", "--config", file], ["config", "check", file]] {
            let run = try await volume.agent.run(command)
            #expect(run.exitCode == 78 && run.log.contains("\(file):"), "\(command): \(run)")
        }
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
        #expect(!Files.exists(volume.mountPoint))
    }

    @Test
    func `a file without a volume is right only beside flags, so the check says no`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        try Files.write("[agent]\nlog-format = \"json\"\n", to: file)
        let run = try await volume.agent.run(["config", "check", file])
        #expect(run.exitCode == 78 && run.log.contains("\(file): there is no [[volume]] table"), "\(run)")
        let mounted = try await volume.run("mount", ["--config", file])
        #expect(mounted.exitCode == 0, "\(mounted)")
    }

    @Test
    func `without a file and without a device, it says what is missing`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/empty.toml"
        try Files.write("", to: file)
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 64 && run.log.contains("--device"), "\(run)")
    }

    @Test(arguments: [(nil, true), ("vol-0123456789abcdef0", false)] as [(String?, Bool)])
    func `a name that the kernel gives anew at every boot is warned of`(id: String?, warns: Bool) async throws {
        let directory = try ScratchDirectory()
        let file = "\(directory.path)/config.toml"
        let line = id.map { "volume-id = \"\($0)\"\n" } ?? ""
        try Files.write("[[volume]]\ndevice = \"/dev/nvme1n1\"\n\(line)", to: file)
        let run = try await Agent(in: directory.path).run(["config", "check", file])
        #expect(run.exitCode == 0 && run.log.contains("next boot") == warns, "\(run)")
    }
}
