import Glibc
import TestSupport
import Testing

/// The release of real volumes, and what comes after it.
@Suite("Release", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ReleaseTests {
    static let statePath = "/latest/meta-data/autoscaling/target-lifecycle-state"
    static let actionPath = "/latest/meta-data/spot/instance-action"

    private func mounted() async throws -> TestVolume {
        let volume = try TestVolume()
        try await mount(volume)
        return volume
    }

    private func mount(_ volume: borrowing TestVolume) async throws {
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
    }

    private func release(_ volume: borrowing TestVolume, _ flags: [String] = []) async throws -> AgentRun {
        try await volume.agent.run(["release", "--wait", "0"] + flags)
    }

    /// Releases while another process runs, which says that it is ready by making the file `$ready`.
    private func release(_ volume: borrowing TestVolume, besides command: String) async throws -> AgentRun {
        let script = """
            ready=\(volume.directory.path)/ready; export ready
            \(command) & user=$!
            until [ -e "$ready" ]; do kill -0 "$user" || exit 99; done
            "$@"; code=$?; kill "$user"; exit "$code"
            """
        return try await volume.agent.run(["release", "--wait", "0"], under: ["sh", "-c", script, "sh"])
    }

    @Test func `a released volume is unmounted, clean and free, and status and mount know it`() async throws {
        let volume = try await mounted()
        try Files.write("a row", to: "\(volume.mountPoint)/row")
        let run = try await release(volume)
        #expect(run.exitCode == 0 && run.log.contains("nothing has it mounted"), "\(run)")
        #expect(run.log.contains("outcome=released"), "\(run)")
        #expect(Mounts.at(volume.mountPoint).isEmpty)
        try await Command.check("e2fsck", ["-fn", volume.node])

        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 69 && status.output.contains("released"), "\(status)")
        let json = try await volume.agent.run(["status", "--json"])
        #expect(json.output.contains("\"state\" : \"released\"") && json.output.contains("\"healthy\" : false"))

        let again = try await release(volume)
        #expect(again.exitCode == 0 && again.log.contains("outcome=released"), "proved anew: \(again)")
        try await mount(volume)
        #expect(Files.text("\(volume.mountPoint)/row") == "a row")
        let healthy = try await volume.agent.run(["status"])
        #expect(healthy.exitCode == 0, "\(healthy)")
    }

    @Test func `what holds a volume is named and left alone, and so is the volume`() async throws {
        let volume = try await mounted()
        let script = "sh -c 'exec 8<\(volume.mountPoint); touch $ready; exec sleep 60'"
        let run = try await release(volume, besides: script)
        #expect(run.exitCode == 69, "\(run)")
        #expect(
            ["(sleep)", "(sh)"].contains { run.log.contains($0) } && run.log.contains("Nothing was killed"),
            "\(run)"
        )
        let isMounted = volume.isMounted
        #expect(isMounted)
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 0, "\(status)")
    }

    @Test func `a user that lets go within the wait is waited for`() async throws {
        let volume = try await mounted()
        let directory = open(volume.mountPoint, O_RDONLY | O_CLOEXEC)
        let run = try await volume.agent.run(["release", "--wait", "60"]) { running in
            try await running.logs("Waiting: The volume is still in use")
            close(directory)
        }
        #expect(run.exitCode == 0 && run.log.contains("outcome=released"), "\(run)")
        #expect(Mounts.at(volume.mountPoint).isEmpty)
    }

    @Test func `a mount that lives on in another namespace is no release`() async throws {
        let volume = try await mounted()
        // Private, so that what is unmounted outside stays inside.
        let script = "unshare --mount sh -c 'mount --make-rprivate / && touch $ready && exec sleep 60'"
        let run = try await release(volume, besides: script)
        #expect(run.exitCode == 69 && run.log.contains("only"), "\(run)")
        #expect(!run.log.contains("outcome=released"), "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted, "what could not be mounted again beside it is not unmounted")
        let again = try await release(volume)
        #expect(again.exitCode == 0 && again.log.contains("outcome=released"), "\(again)")
    }

    @Test func `a bind mount elsewhere is named`() async throws {
        let volume = try await mounted()
        let other = "\(volume.directory.path)/elsewhere"
        try Files.makeDirectory(other)
        try await Command.check("mount", ["--bind", volume.mountPoint, other])
        let run = try await release(volume)
        #expect(run.exitCode == 69 && run.log.contains("the mount at \(other)"), "\(run)")
        #expect(!Mounts.at(volume.mountPoint).isEmpty)
        try await Command.check("umount", [other])
    }

    @Test func `a mount that covers the volume's is not unmounted`() async throws {
        let volume = try await mounted()
        try await Command.check("mount", ["-t", "tmpfs", "cover", volume.mountPoint])
        let run = try await release(volume)
        #expect(run.exitCode == 69 && run.log.contains("Another mount (cover)"), "\(run)")
        #expect(Mounts.at(volume.mountPoint).count == 2)
        try await Command.check("umount", [volume.mountPoint])
        try await volume.unmount()
    }

    @Test func `a process that may write to the device is named`() async throws {
        let volume = try await mounted()
        let device = open(volume.node, O_RDWR | O_CLOEXEC)
        let run = try await release(volume)
        close(device)
        #expect(run.exitCode == 69 && run.log.contains("\(getpid()) ("), "\(run)")
        let again = try await release(volume)
        #expect(again.exitCode == 0, "\(again)")
    }

    @Test func `a mount point that another mount hides ends the release, and stays`() async throws {
        let outer = try ScratchDirectory()
        let volume = try TestVolume()
        let flags = ["--device", volume.node, "--mount-point", "\(outer.path)/data", "--tries", "2"]
        let mount = try await volume.agent.run(["mount"] + flags)
        #expect(mount.exitCode == 0, "\(mount)")
        try await Command.check("mount", ["-t", "tmpfs", "cover", outer.path])
        let run = try await release(volume)
        try await Command.check("umount", [outer.path])
        #expect(run.exitCode == 69 && run.log.contains("lies upon the volume's own"), "\(run)")
        #expect(Mounts.at("\(outer.path)/data").count == 1)
        let again = try await release(volume)
        #expect(again.exitCode == 0, "\(again)")
        try await Command.check("chattr", ["-i", "\(outer.path)/data"])
    }

    @Test func `what the kernel could not write is said, by status too, and is no success`() async throws {
        let volume = try TestVolume(attached: false)
        let store = "\(volume.directory.path)/store"
        try Files.makeDirectory(store)
        try await Command.check("mount", ["-t", "tmpfs", "-o", "size=12m", "store", store])
        try Files.makeSparse("\(store)/image", size: 64 << 20)
        try volume.device.attach("\(store)/image")
        try await mount(volume)
        _ = try await Command.run("dd", ["if=/dev/urandom", "of=\(volume.mountPoint)/rows", "bs=1M", "count=24"])
        let run = try await release(volume)
        #expect(run.exitCode == 74 && run.log.contains("did not reach the volume"), "\(run)")
        let status = try await volume.agent.run(["status"])
        #expect(status.exitCode == 69 && status.output.contains("did not reach the volume"), "\(status)")
        if !Mounts.at(volume.mountPoint).isEmpty { try await volume.unmount() }
        try volume.device.detach()
        try await Command.check("umount", [store])
    }

    @Test func `a mounted volume that no report tells of is found by the configuration`() async throws {
        let volume = try await mounted()
        try await Command.check("sh", ["-c", "rm \(volume.agent.runtimeDirectory)/*.json"])
        let file = "\(volume.directory.path)/config.toml"
        try Files.write(
            "[[volume]]\ndevice = \"\(volume.node)\"\nmount-point = \"\(volume.mountPoint)\"\n",
            to: file
        )
        let run = try await release(volume, ["--config", file])
        #expect(run.exitCode == 0 && run.log.contains("outcome=released"), "\(run)")
        #expect(Mounts.at(volume.mountPoint).isEmpty)
    }

    @Test func `a volume below another one goes first, and one alone leaves the other`() async throws {
        let outer = try await mounted()
        let inner = try TestVolume()
        let mount = try await outer.agent.run([
            "mount", "--device", inner.node, "--mount-point", "\(outer.mountPoint)/logs", "--tries", "2",
        ])
        #expect(mount.exitCode == 0, "\(mount)")
        let one = try await release(outer, ["\(outer.mountPoint)/logs/"])
        #expect(one.exitCode == 0 && Mounts.at("\(outer.mountPoint)/logs").isEmpty, "\(one)")
        let isMounted = outer.isMounted
        #expect(isMounted)
        let again = try await outer.agent.run([
            "mount", "--device", inner.node, "--mount-point", "\(outer.mountPoint)/logs", "--tries", "2",
        ])
        #expect(again.exitCode == 0, "\(again)")
        let all = try await release(outer)
        #expect(all.exitCode == 0 && all.lines("outcome=released").count == 2, "\(all)")
        #expect(Mounts.at(outer.mountPoint).isEmpty)
    }

    @Test func `a name that no run has mounted is an error, and nothing is noted`() async throws {
        let volume = try await mounted()
        for name in ["/elsewhere", "vol-0123456789abcdef0", "nonsense"] {
            let run = try await release(volume, [name])
            #expect(run.exitCode == 66 && run.log.contains(name), "\(run)")
        }
        let mount = try await volume.run()
        #expect(mount.exitCode == 0, "\(mount)")
        try await volume.unmount()
    }

    private func releaseIfEnding(
        _ volume: borrowing TestVolume,
        on reasons: String,
        _ script: MetadataServerScript
    ) async throws -> AgentRun {
        let file = "\(volume.directory.path)/config.toml"
        try Files.write("[hand-over]\non = \(reasons)\nwait = 0\n", to: file)
        return try await MetadataServer.run(script) { server in
            try await volume.agent.run(
                ["release", "--if-ending", "--config", file],
                environment: [
                    "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
                ]
            )
        }
    }

    @Test(
        arguments: [
            ("[\"terminate\"]", statePath, "InService", 0), ("[\"terminate\"]", statePath, "terminated", 0),
            ("[\"spot\"]", statePath, "Terminated", 0), ("[]", statePath, "Terminated", 78),
            ("[\"spot\"]", actionPath, "{\"action\":\"hibernate\"}", 0),
            ("[\"terminate\"]", statePath, "Terminated\n", 75),
        ]
    )
    func `without a notice that is configured nothing is released`(
        reasons: String,
        path: String,
        answer: String,
        code: Int32
    ) async throws {
        let volume = try await mounted()
        let script = MetadataServerScript.healthy.answering(path, .response(body: answer))
        let run = try await releaseIfEnding(volume, on: reasons, script)
        #expect(run.exitCode == code && run.log.contains("Nothing was released"), "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        try await mount(volume)
    }

    @Test(
        arguments: [
            ("[\"terminate\"]", statePath, "Terminated"), ("[\"spot\"]", actionPath, "{\"action\":\"stop\"}"),
            ("[\"terminate\", \"spot\"]", actionPath, "{\"action\":\"terminate\"}"),
        ]
    )
    func `after a notice the volume is released and never mounted again`(
        reasons: String,
        path: String,
        answer: String
    ) async throws {
        let volume = try await mounted()
        let script = MetadataServerScript.healthy.answering(path, .response(body: answer))
        let run = try await releaseIfEnding(volume, on: reasons, script)
        #expect(run.exitCode == 0 && run.log.contains("outcome=released"), "\(run)")
        let json = try await volume.agent.run(["status", "--json"])
        #expect(!json.output.contains("systemctl start"), "\(json)")
        let byHand = try await release(volume)
        #expect(byHand.exitCode == 0, "\(byHand)")
        let mount = try await volume.run()
        #expect(mount.exitCode == 69 && mount.log.contains("nothing is mounted on it any more"), "\(mount)")
        let applies = try await volume.agent.run(["config", "applies"])
        #expect(applies.exitCode == 1 && applies.log.contains("handed over"), "\(applies)")
        #expect(Mounts.at(volume.mountPoint).isEmpty)
    }

    @Test func `a run that waits when the notice comes mounts nothing any more`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try volume.device.detach()
        let run = try await volume.run("mount", ["--tries", "200", "--interval", "0.1"]) { running in
            try await running.logs("Not there yet")
            let script = MetadataServerScript.healthy.answering(Self.statePath, .response(body: "Terminated"))
            let release = try await releaseIfEnding(volume, on: "[\"terminate\"]", script)
            #expect(release.exitCode == 0, "\(release)")
            try volume.device.attach(volume.image)
        }
        #expect(run.exitCode == 69 && run.log.contains("nothing is mounted on it any more"), "\(run)")
        #expect(Mounts.at(volume.mountPoint).isEmpty)
    }

    @Test func `a mistake in the file does not stop the hand-over`() async throws {
        let volume = try await mounted()
        let script = MetadataServerScript.healthy.answering(Self.statePath, .response(body: "Terminated"))
        let run = try await releaseIfEnding(volume, on: "[\"terminate\"", script)
        #expect(run.exitCode == 0 && run.log.contains("outcome=released"), "\(run)")
    }

    @Test func `the watcher asks for the release after two answers, and says what it sees`() async throws {
        let volume = try await mounted()
        let directory = volume.directory.path
        let file = "\(directory)/config.toml"
        try Files.write("[hand-over]\non = [\"terminate\"]\n", to: file)
        let script = MetadataServerScript.healthy.answering(
            Self.statePath,
            .response(body: "Terminated"),
            .response(body: "InService"),
            .response(body: "Terminated")
        )
        let run = try await MetadataServer.run(script) { server in
            let environment = [
                "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
            ]
            return try await volume.agent.run(
                ["watch", "--config", file, "--interval", "0.2", "--requests", directory],
                environment: environment
            ) { watcher in
                try await watcher.logs("its volumes are to be released")
                #expect(server.requests.filter { $0.path == Self.statePath }.count >= 4)
                #expect(Files.exists("\(directory)/release"))
                let release = try await volume.agent.run(
                    ["release", "--if-ending", "--config", file],
                    environment: environment
                )
                #expect(release.exitCode == 0, "\(release)")
                try await watcher.logs("The volume is released")
                watcher.send(SIGTERM)
            }
        }
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.lines(" ERROR ").isEmpty, "\(run)")
    }
}
