import Glibc
import TestSupport
import Testing

/// The watcher on real volumes, asked over HTTP as others would ask it.
@Suite("Watch", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct WatchTests {
    /// What curl got: the status code, and the body.
    private func ask(_ port: String, _ path: String) async throws -> (code: String, body: String) {
        let completed = try await Command.run(
            "curl",
            ["--silent", "--max-time", "5", "--write-out", "\n%{http_code}", "http://127.0.0.1:\(port)\(path)"]
        )
        let lines = completed.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
    }

    private func whileWatching(
        _ volume: borrowing TestVolume,
        _ flags: [String] = [],
        _ body: (RunningAgent, String) async throws -> Void
    ) async throws -> AgentRun {
        try await volume.agent.run(["watch", "--listen", "127.0.0.1:0", "--interval", "0.2"] + flags) { watcher in
            try await watcher.logs("Listening")
            let port = watcher.logSoFar.split(separator: "127.0.0.1:").dropFirst().first?.prefix { $0.isNumber } ?? ""
            try await body(watcher, String(port))
            watcher.send(SIGTERM)
        }
    }

    @Test func `from waiting over healthy to failed and back, log and answers agree`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let name = String(volume.node.split(separator: "/").last ?? "")
        let run = try await whileWatching(volume) { watcher, port in
            let waiting = try await ask(port, "/health")
            #expect(waiting.code == "200" && waiting.body.contains("\"status\":\"waiting\""), "\(waiting)")
            let notReady = try await ask(port, "/ready")
            #expect(notReady.code == "503", "\(notReady)")

            let mount = try await volume.run("mount", ["--options", "errors=remount-ro"])
            #expect(mount.exitCode == 0, "\(mount)")
            try await watcher.logs("The volume is healthy")
            let healthy = try await ask(port, "/health")
            #expect(healthy.code == "200" && healthy.body.contains("\"status\":\"healthy\""), "\(healthy)")
            let ready = try await ask(port, "/ready")
            #expect(ready.code == "200", "\(ready)")

            try Files.write("a test", to: "/sys/fs/ext4/\(name)/trigger_fs_error")
            try await watcher.logs("Another look agrees")
            let failed = try await ask(port, "/health")
            #expect(failed.code == "503" && failed.body.contains("journal-aborted"), "\(failed)")
            let status = try await volume.agent.run(["status"])
            #expect(status.exitCode == 74, "\(status)")

            try await volume.unmount()
            let repaired = try await volume.run()
            #expect(repaired.exitCode == 0, "\(repaired)")
            try await Eventually.holds("it is healthy again") {
                watcher.logSoFar.split(separator: "\n").filter { $0.contains("The volume is healthy") }.count == 2
            }
            let live = try await ask(port, "/live")
            #expect(live.code == "200", "\(live)")
        }
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.lines("NOTICE The volume is healthy").count == 2, "\(run)")
        #expect(
            run.lines(" ERROR ").allSatisfy {
                $0.contains("health.faults=journal-aborted") || $0.contains("not-mounted")
            }
        )
    }

    @Test func `a full volume is degraded: not ready, and no reason to replace the instance`() async throws {
        let volume = try TestVolume()
        let mount = try await volume.run()
        #expect(mount.exitCode == 0, "\(mount)")
        _ = try await Command.run("dd", ["if=/dev/zero", "of=\(volume.mountPoint)/file", "bs=1M"])
        let run = try await whileWatching(volume) { watcher, port in
            try await watcher.logs("degraded")
            let health = try await ask(port, "/health")
            #expect(health.code == "200" && health.body.contains("\"full\""), "\(health)")
            let ready = try await ask(port, "/ready")
            #expect(ready.code == "503", "\(ready)")
            let metrics = try await ask(port, "/metrics")
            #expect(metrics.body.contains("fault=\"full\"} 1"), "\(metrics)")
        }
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `a further run that fails is no reason to replace an instance whose volume is well`() async throws {
        let volume = try TestVolume()
        let mount = try await volume.run()
        #expect(mount.exitCode == 0, "\(mount)")
        let run = try await whileWatching(volume) { watcher, port in
            try await watcher.logs("The volume is healthy")
            let failed = try await volume.run("mount", ["--device", "/dev/xvdzz", "--tries", "1"])
            #expect(failed.exitCode == 66, "\(failed)")
            try await watcher.logs("The volume is degraded")
            let health = try await ask(port, "/health")
            #expect(health.code == "200", "\(health)")
            let again = try await volume.run()
            #expect(again.exitCode == 0, "\(again)")
            try await Eventually.holds("it is healthy again") {
                watcher.logSoFar.split(separator: "\n").filter { $0.contains("The volume is healthy") }.count == 2
            }
        }
        #expect(run.lines("could cure it").isEmpty, "\(run)")
    }

    @Test func `a device that hangs holds up no answer`() async throws {
        let volume = try TestVolume()
        let mount = try await volume.run()
        #expect(mount.exitCode == 0, "\(mount)")
        let run = try await volume.agent.run(
            ["watch", "--listen", "127.0.0.1:0", "--interval", "0.2"],
            under: Strace.wrapper(["pread64:delay_enter=14000000:when=9"], path: volume.node)
        ) { watcher in
            try await watcher.logs("Listening")
            let port = String(
                watcher.logSoFar.split(separator: "127.0.0.1:").dropFirst().first?.prefix { $0.isNumber } ?? ""
            )
            try await watcher.logs("read-hangs")
            let live = try await ask(port, "/live")
            #expect(live.code == "200", "\(live)")
            try await watcher.logs("Another look agrees")
            // It comes back, and that is seen too.
            try await Eventually.holds("it is healthy again") {
                watcher.logSoFar.split(separator: "\n").filter { $0.contains("The volume is healthy") }.count == 2
            }
            for child in watcher.children(named: "autoheal-agent") { kill(child, SIGTERM) }
        }
        #expect(run.log.contains("read-hangs"), "\(run)")
    }

    @Test func `a page that is required is waited for, and missed when it is gone`() async throws {
        let volume = try TestVolume()
        let mount = try await volume.run()
        #expect(mount.exitCode == 0, "\(mount)")
        // What is required is another watcher, which answers as an application would.
        let application = try TestVolume(attached: false)
        let run = try await whileWatching(application) { required, page in
            let flags = ["--require-url", "http://127.0.0.1:\(page)/live"]
            let run = try await whileWatching(volume, flags) { watcher, port in
                try await watcher.logs("/live is healthy")
                let ready = try await ask(port, "/ready")
                #expect(ready.code == "200" && ready.body.contains("127.0.0.1:\(page)/live"), "\(ready)")
                required.send(SIGTERM)
                try await watcher.logs("/live does not answer")
                try await watcher.logs("Another look agrees")
                let health = try await ask(port, "/health")
                #expect(health.code == "503" && health.body.contains("\"kind\":\"page\""), "\(health)")
                let metrics = try await ask(port, "/metrics")
                #expect(metrics.body.contains("autoheal_requirement_met{"), "\(metrics)")
            }
            #expect(run.exitCode == 0, "\(run)")
        }
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `the file is read again when it has changed, and a wrong one changes nothing`() async throws {
        let volume = try TestVolume()
        let file = "\(volume.directory.path)/config.toml"
        let table = "[[volume]]\ndevice = \"\(volume.node)\"\nmount-point = \"\(volume.mountPoint)\"\n"
        try Files.write(table, to: file)
        let run = try await whileWatching(volume, ["--config", file]) { watcher, _ in
            try Files.write(table + "[health]\nintervall = 1\n", to: file)
            try await watcher.logs(
                "is wrong now: \(file):5: [health]: 'intervall' is not a key: did you mean 'interval'?"
            )
            try Files.write(table + "[health]\nfree-percent = 50\n", to: file)
            try await watcher.logs("beginning anew")
            let mount = try await volume.run()
            #expect(mount.exitCode == 0, "\(mount)")
            _ = try await Command.run("fallocate", ["-l", "40M", "\(volume.mountPoint)/file"])
            try await watcher.logs("nearly-full")
        }
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `growth is asked for within a second of the kernel's event, and grow does it`() async throws {
        let volume = try TestVolume(size: 512 << 20)
        try await ExistingFilesystem.xfs.make(on: volume)
        let file = "\(volume.directory.path)/config.toml"
        try Files.write("[[volume]]\ndevice = \"\(volume.node)\"\nmount-point = \"\(volume.mountPoint)\"\n", to: file)
        let mount = try await volume.run()
        #expect(mount.exitCode == 0, "\(mount)")
        let requests = volume.directory.path
        // A look by time would come too late for the test's limit.
        let flags = ["--config", file, "--requests", requests, "--interval", "600"]
        let run = try await whileWatching(volume, flags) { watcher, _ in
            try await watcher.logs("The volume is healthy")
            #expect(!Files.exists("\(requests)/grow"))
            try Files.makeSparse(volume.image, size: 1 << 30)
            try volume.device.updateSize()
            try await watcher.logs("growth is asked for")
            #expect(Files.exists("\(requests)/grow"))
            let grown = try await volume.agent.run(["grow", "--config", file])
            #expect(grown.exitCode == 0 && grown.log.contains("has grown, and fills its device"), "\(grown)")
            let again = try await volume.agent.run(["grow", "--config", file])
            #expect(again.exitCode == 0 && again.log.contains("There is nothing to grow"), "\(again)")
        }
        #expect(run.exitCode == 0, "\(run)")
        try await volume.unmount()
        // It mounts nothing.
        let late = try await volume.agent.run(["grow", "--config", file])
        #expect(late.exitCode == 75 && late.log.contains("is not mounted at"), "\(late)")
        #expect(Mounts.at(volume.mountPoint).isEmpty)
    }

    @Test func `what cannot be listened on, or is no address, is said`() async throws {
        let volume = try TestVolume()
        for (address, code) in [("localhost:80", 64), ("1.2.3.4", 64), ("::1:80", 64), ("192.0.2.1:9465", 69)] {
            let run = try await volume.agent.run(["watch", "--listen", address])
            #expect(run.exitCode == Int32(code) && (run.log + run.output).contains("listen"), "\(run)")
        }
    }
}
