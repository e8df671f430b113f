import TestSupport
import Testing

/// A configuration file and the instance that it is meant for.
@Suite(.serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ConfigCommandTests {
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
    func `a file applies unless it names another instance, which is said with what to do`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        for text in [table(volume), "not toml", ""] {
            try Files.write(text, to: file)
            let run = try await volume.agent.run(["config", "applies", file])
            #expect(run.exitCode == 0 && run.log.isEmpty, "\(run)")
        }
        let missing = try await volume.agent.run(["config", "applies", "\(volume.directory.path)/none"])
        #expect(missing.exitCode == 0 && missing.log.isEmpty, "\(missing)")
        try Files.write("instance-id = \"i-00000000000000bad\"\n" + table(volume), to: file)
        for (id, words) in [
            ("i-00000000000000001", "written for another instance"), ("", "nothing tells yet which one this is"),
        ] {
            let run = try await volume.agent.run(["config", "applies", file], under: instance(id))
            #expect(run.exitCode == 1, "\(run)")
            for words in ["i-00000000000000bad", "autoheal-agent config adopt", words, id] where !words.isEmpty {
                #expect(run.log.contains(words), "\(run)")
            }
        }
        // One that is wrong besides would fail, for which a policy of the former instance might power this one off.
        try Files.write("instance-id = \"i-00000000000000bad\"\n[[volume]\n", to: file)
        let wrong = try await volume.agent.run(["config", "applies", file], under: instance("i-00000000000000001"))
        #expect(wrong.exitCode == 1 && wrong.log.contains("written for another instance"), "\(wrong)")
        try Files.write("instance-id = \"i-00000000000000bad\"\n" + table(volume), to: file)
        let same = try await volume.agent.run(["config", "applies", file], under: instance("i-00000000000000bad"))
        #expect(same.exitCode == 0 && same.log.isEmpty, "\(same)")
    }

    /// As if cloud-init had found this id in this boot, or nothing yet, on a machine whose firmware does not know it.
    private func instance(_ id: String) -> [String] {
        let script = """
            [ ! -d /sys/class/dmi ] || mount -t tmpfs none /sys/class/dmi
            mount -t tmpfs none /run && mkdir /run/cloud-init || exit 99
            [ -z "$0" ] || echo "$0" >/run/cloud-init/.instance-id
            exec "$@"
            """
        return ["unshare", "--mount", "sh", "-c", script, id]
    }

    @Test
    func `adopting makes it apply, and keeps what else is in the file, and its mode`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        let text = "# Mine\n" + table(volume)
        try Files.write("instance-id = \"i-00000000000000bad\"\n" + text, to: file)
        try await Command.check("chmod", ["0640", file])
        let unknown = try await volume.agent.run(["config", "adopt", file], under: instance(""))
        #expect(unknown.exitCode == 0 && unknown.output.contains("meant for every one"), "\(unknown)")
        #expect(Files.text(file) == text)
        try Files.write("instance-id = \"i-00000000000000bad\"\n" + text, to: file)
        let own = instance("i-00000000000000001")
        let run = try await volume.agent.run(["config", "adopt", file], under: own)
        #expect(run.exitCode == 0 && run.output.contains("this instance, i-00000000000000001"), "\(run)")
        let applies = try await volume.agent.run(["config", "applies", file], under: own)
        #expect(applies.exitCode == 0, "\(applies)")
        #expect(Files.text(file) == "instance-id = \"i-00000000000000001\"\n" + text)
        #expect(Files.ownership(file)?.hasPrefix("640") == true)
        try Files.write("[[volume]\n", to: file)
        let wrong = try await volume.agent.run(["config", "adopt", file])
        #expect(wrong.exitCode == 78 && Files.text(file) == "[[volume]\n", "\(wrong)")
        try Files.write("", to: file)
        let empty = try await volume.agent.run(["config", "adopt", file], under: own)
        #expect(empty.exitCode == 78 && empty.log.contains("no [[volume]] table") && Files.text(file) == "", "\(empty)")
    }

    @Test
    func `by hand neither mounts nor formats what is meant for another instance`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        try Files.write(
            "instance-id = \"i-00000000000000bad\"\n" + table(volume, "format = \"if-no-signature\""),
            to: file
        )
        for command in ["mount", "plan"] {
            let run = try await volume.agent.run(
                [command, "--config", file],
                under: instance("i-00000000000000001")
            )
            #expect(
                run.exitCode == 78 && run.log.contains("'autoheal-agent config adopt' makes it this one's"),
                "\(run)"
            )
        }
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test
    func `a file that names another instance is warned of, and nobody is told to restart the unit for it`() async throws
    {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        try Files.write(table(volume), to: file)
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run)")
        try Files.write("instance-id = \"i-00000000000000bad\"\n" + table(volume, "options = \"ro\""), to: file)
        let own = instance("i-00000000000000001")
        for arguments in [["config", "check", file], ["status", "--config", file]] {
            let foreign = try await volume.agent.run(arguments, under: own)
            #expect(foreign.exitCode == 0, "\(foreign)")
            for words in ["i-00000000000000bad, and this is i-00000000000000001", "config adopt"] {
                #expect(foreign.log.contains(words), "\(foreign)")
            }
            #expect(!foreign.log.contains("systemctl restart"), "\(foreign)")
            let same = try await volume.agent.run(arguments, under: instance("i-00000000000000bad"))
            #expect(!same.log.contains("is meant for"), "\(same)")
        }
    }

    @Test
    func `volumes have changed if their values have, not if a comment or a default was written`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        func isChanged(_ text: String) async throws -> Bool {
            try Files.write(text, to: file)
            let run = try await volume.agent.run(["config", "changed", file])
            return run.exitCode == 0
        }
        #expect(try await !isChanged(table(volume)), "no run has read a file yet")
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run)")
        #expect(try await !isChanged("# A word\n" + table(volume, "grow = true # as ever")))
        #expect(try await isChanged(table(volume, "label = \"other\"")))
        #expect(try await isChanged(table(volume) + "[[volume]]\ndevice = \"/dev/sdz\"\nmount-point = \"/srv/x\"\n"))
        #expect(try await !isChanged("wrong"), "that is for the unit to say")
    }

    @Test
    func `the status is 78 only if a volume of the present file is not mounted as it says`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        func status(_ text: String) async throws -> AgentRun {
            try Files.write(text, to: file)
            return try await volume.agent.run(["status", "--config", file])
        }
        try Files.write(table(volume), to: file)
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 0, "\(run)")
        let same = try await status("# A word\n" + table(volume))
        #expect(same.exitCode == 0 && same.log.isEmpty, "\(same)")
        let settings = try await status(table(volume, "label = \"other\""))
        #expect(settings.exitCode == 0 && settings.log.contains("have changed since the last run"), "\(settings)")
        let added = try await status(table(volume) + "[[volume]]\ndevice = \"/dev/sdz\"\nmount-point = \"/srv/x\"\n")
        #expect(added.exitCode == 78 && added.log.contains("/dev/sdz at /srv/x"), "\(added)")
        let readOnly = try await status(table(volume, "options = \"ro\""))
        #expect(readOnly.exitCode == 78 && readOnly.log.contains("systemctl restart autoheal-agent"), "\(readOnly)")
        let wrong = try await status("wrong")
        #expect(wrong.exitCode == 0 && wrong.log.contains(file), "\(wrong)")
    }

    @Test
    func `a volume that is still waited for is not called mounted`() async throws {
        let volume = try TestVolume()
        let late = try TestVolume(attached: false)
        let file = "\(volume.directory.path)/config.toml"
        let second = table(late).replacing("tries = 2", with: "tries = 600")
        try Files.write(table(volume) + second, to: file)
        let (agent, mountPoint) = (volume.agent, late.mountPoint)
        let run = try await agent.run(["mount", "--config", file]) { running in
            try await running.logs("The volume is mounted")
            let waiting = try await agent.run(["status", "--config", file])
            #expect(waiting.exitCode == 66 && waiting.log.contains(mountPoint), "\(waiting)")
            try late.device.attach(late.image)
        }
        #expect(run.exitCode == 0, "\(run)")
        let done = try await volume.agent.run(["status", "--config", file])
        #expect(done.exitCode == 0 && done.log.isEmpty, "\(done)")
    }

    @Test
    func `a volume that the file no longer has makes no instance unhealthy`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        let missing = "[[volume]]\ndevice = \"/dev/sdz\"\nmount-point = \"/srv/x\"\ntries = 1\ninterval = 0\n"
        try Files.write(table(volume) + missing, to: file)
        let run = try await volume.agent.run(["mount", "--config", file])
        #expect(run.exitCode == 66, "\(run)")
        let before = try await volume.agent.run(["status", "--config", file])
        #expect(before.exitCode == 66, "\(before)")
        try Files.write(table(volume), to: file)
        let after = try await volume.agent.run(["status", "--config", file])
        #expect(after.exitCode == 0 && after.log.contains("/srv/x is no longer in the configuration"), "\(after)")
    }

    @Test
    func `a volume that was taken out of the file is forgotten by the next run`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        let missing = "[[volume]]\ndevice = \"/dev/sdz\"\nmount-point = \"/srv/x\"\ntries = 1\ninterval = 0\n"
        try Files.write(table(volume) + missing, to: file)
        let first = try await volume.agent.run(["mount", "--config", file])
        #expect(first.exitCode == 66, "\(first)")
        try Files.write(table(volume), to: file)
        let second = try await volume.agent.run(["mount", "--config", file])
        #expect(second.exitCode == 0, "\(second)")
        let status = try await volume.agent.run(["status", "--config", file])
        #expect(status.exitCode == 0 && !status.output.contains("/srv/x"), "\(status)")
    }
}
