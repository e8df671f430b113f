import Glibc
import TestSupport
import Testing

@Suite("Signals", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct SignalTests {
    /// A test that is not ended by the signal runs into its time limit.
    private let patience = ["--tries", "2", "--interval", "600"]

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func `a signal ends the wait for the device at once`(signal: Int32) async throws {
        let volume = try TestVolume(attached: false)
        let run = try await volume.run("mount", patience) { agent in
            try await agent.logs("1 of 2")
            agent.send(signal)
        }
        #expect(run.exitCode == 75 && run.log.contains("Signal \(signal)"), "\(run)")
    }

    @Test func `that it looks, and that it was asked to end, is there for other units to see`() async throws {
        let volume = try TestVolume(attached: false)
        let looking = "\(volume.agent.runtimeDirectory)/looking"
        let stopped = "\(volume.agent.runtimeDirectory)/stop-requested"
        let unit = ["env", "AUTOHEAL_UNIT=autoheal-agent.service"]
        let run = try await volume.run("mount", ["--tries", "1", "--interval", "0"], under: unit)
        #expect(run.exitCode != 0 && !Files.exists(looking) && !Files.exists(stopped), "\(run)")
        // A run by hand says nothing of the unit.
        let byHand = try await volume.run("mount", patience) { agent in
            try await agent.logs("1 of 2")
            #expect(!Files.exists(looking))
            agent.send(SIGINT)
        }
        #expect(byHand.exitCode == 75 && !Files.exists(stopped), "\(byHand)")
        let ended = try await volume.run("mount", patience, under: unit) { agent in
            try await agent.logs("1 of 2")
            #expect(Files.exists(looking))
            agent.send(SIGTERM)
        }
        #expect(ended.exitCode == 75 && !Files.exists(looking) && Files.text(stopped)?.isEmpty == false, "\(ended)")
        try volume.device.attach(volume.image)
        let mounted = try await volume.run(under: unit)
        #expect(mounted.exitCode == 0 && Files.exists(looking), "\(mounted)")
    }

    @Test func `a signal ends the wait for a lock and for an exclusive opener`() async throws {
        for manner in [HeldDevice.Manner.lock, .exclusive] {
            let volume = try TestVolume()
            let holder = try HeldDevice(volume.node, manner)
            let run = try await volume.run("mount", patience) { agent in
                try await agent.logs("Found the device")
                agent.send(SIGTERM)
            }
            #expect(run.exitCode == 75, "\(run)")
            holder.release()
            let isBlank = try volume.snapshot().isZero
            #expect(isBlank)
        }
    }

    @Test func `a signal before mkfs leaves the device untouched`() async throws {
        let volume = try TestVolume()
        let trace = "\(volume.directory.path)/trace"
        let wrapper = Strace.wrapper(["flock:signal=SIGSTOP:when=1"], path: volume.node, log: trace)
        let run = try await volume.run(under: wrapper) { strace in
            try await Eventually.holds("the agent is stopped") {
                Files.text(trace)?.contains("stopped by SIGSTOP") == true
            }
            for agent in strace.children(named: "autoheal-agent") {
                kill(agent, SIGTERM)
                kill(agent, SIGCONT)
            }
        }
        #expect(run.exitCode == 75, "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `a signal during mkfs lets mkfs finish, and mounts nothing`() async throws {
        let volume = try TestVolume()
        let held = try await HeldTool("mkfs.ext4", in: volume.directory.path)
        let run = try await volume.run(under: held.wrapper) { agent in
            let mkfs = try await held.stopped(by: agent)
            agent.send(SIGTERM)
            // The agent can only be proven to wait by giving it time not to.
            try await Task.sleep(for: .milliseconds(300))
            #expect(Processes.state(of: agent.processIdentifier) != "Z")
            #expect(Processes.state(of: mkfs) == "T")
            kill(mkfs, SIGCONT)
        }
        #expect(run.exitCode == 75, "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        let marker = try Files.read(volume.node, at: volume.size - 128 << 10, count: 4096)
        #expect(marker.allSatisfy { $0 == 0 })
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
        let next = try await volume.run()
        #expect(next.exitCode == 0 && !next.did("format"), "\(next)")
    }

    @Test func `a signal during e2fsck lets it finish, and mounts nothing`() async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        try await Command.check("debugfs", ["-w", "-R", "ssv state 2", volume.node])
        let held = try await HeldTool("e2fsck", in: volume.directory.path)
        let run = try await volume.run(under: held.wrapper) { agent in
            let check = try await held.stopped(by: agent)
            agent.send(SIGTERM)
            try await Task.sleep(for: .milliseconds(300))
            #expect(Processes.state(of: check) == "T")
            kill(check, SIGCONT)
        }
        #expect(run.exitCode == 75 && run.did("check"), "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.isEmpty)
        let next = try await volume.run()
        #expect(next.exitCode == 0, "\(next)")
        #expect(ExistingFilesystem.isIntact(at: volume.mountPoint))
    }

    @Test func `Ctrl-C on the terminal does not strike mkfs`() async throws {
        let volume = try TestVolume()
        let held = try await HeldTool("mkfs.ext4", in: volume.directory.path)
        let run = try await volume.run(under: held.wrapper) { agent in
            let mkfs = try await held.stopped(by: agent)
            #expect(getpgid(mkfs) == mkfs)
            kill(mkfs, SIGCONT)
        }
        #expect(run.exitCode == 0, "\(run)")
    }
}
