import Glibc
import TestSupport
import Testing

/// The release of real volumes because the instance ends, by what a metadata service says.
@Suite("Hand-over", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct HandOverTests {
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
        let byHand = try await volume.agent.run(["release", "--wait", "0"])
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
                try await watcher.logs("The volume was released")
                watcher.send(SIGTERM)
            }
        }
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.lines(" ERROR ").isEmpty, "\(run)")
    }
}
