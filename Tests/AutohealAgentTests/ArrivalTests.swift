import TestSupport
import Testing

@Suite("Late arrival", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ArrivalTests {
    /// Long enough that a test which has to wait for the next try runs into its time limit.
    private let patience = ["--tries", "2", "--interval", "600"]

    /// How the last wait for the device ended, as strace shows poll(2): woken, or the time was up.
    private func lastWait(in trace: String) -> Substring? {
        // The first lock is taken when the device was found.
        (Files.text(trace) ?? "").split(separator: "\n").prefix { !$0.contains("flock(") }.last {
            $0.contains("}], 2, ")
        }
    }

    @Test func `a volume that appears is handled when the kernel says so, long before the next try`() async throws {
        let volume = try TestVolume(attached: false)
        let trace = "\(volume.directory.path)/trace"
        let run = try await volume.run(
            "mount",
            patience,
            under: Strace.wrapper(tracing: ["poll", "flock"], log: trace)
        ) { agent in
            try await agent.logs("try=\"1 of 2\"")
            try volume.device.attach(volume.image)
        }
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.lines("2 of 2").isEmpty, "\(run)")
        let wait = lastWait(in: trace)
        #expect(wait?.contains("revents=POLLIN") == true, "\(Files.text(trace) ?? "")")
    }

    @Test func `without the kernel's events the agent looks by itself and succeeds`() async throws {
        let volume = try TestVolume(attached: false)
        let trace = "\(volume.directory.path)/trace"
        let run = try await volume.run(
            "mount",
            patience,
            under: Strace.wrapper(["socket:error=EAFNOSUPPORT"], tracing: ["poll", "flock"], log: trace)
        ) { agent in
            try await agent.logs("try=\"1 of 2\"")
            try volume.device.attach(volume.image)
        }
        #expect(run.exitCode == 0, "\(run)")
        let wait = lastWait(in: trace)
        #expect(wait?.contains("Timeout") == true, "\(Files.text(trace) ?? "")")
    }

    @Test func `a node that is not there yet is waited for, and what is there is said`() async throws {
        let bystander = try TestVolume()
        let volume = try TestVolume()
        let path = "\(volume.directory.path)/xvdb"
        let run = try await volume.run("mount", ["--device", path] + patience) { agent in
            try await agent.logs("try=\"1 of 2\"")
            try await Command.check("ln", ["-s", volume.node, path])
        }
        #expect(run.exitCode == 0, "\(run)")
        let name = bystander.node.split(separator: "/").last ?? ""
        #expect(run.lines("1 of 2").contains { $0.contains("\(name) (64.0 MiB)") }, "\(run)")
    }

    @Test func `a link that leads nowhere and a regular file in the device's place are waited for`() async throws {
        let volume = try TestVolume()
        let path = "\(volume.directory.path)/xvdb"
        try Files.write("not a device\n", to: path)
        let node = volume.node
        let run = try await volume.run("mount", ["--device", path] + patience) { agent in
            try await agent.logs("try=\"1 of 2\"")
            try await Command.check("ln", ["-s", "-f", "/dev/nowhere-at-all", path])
            try await Command.check("ln", ["-s", "-f", node, path])
        }
        #expect(run.exitCode == 0 && run.log.contains("regular file"), "\(run)")
    }

    @Test func `a volume that never comes ends with every try in the log, and soon`() async throws {
        let volume = try TestVolume(attached: false)
        let run = try await volume.run(
            "mount",
            ["--device", "\(volume.directory.path)/xvdb", "--tries", "3", "--interval", "0.2"]
        )
        #expect(run.exitCode == 66, "\(run)")
        for number in 1...3 { #expect(run.lines("try=\"\(number) of 3\"").count == 1, "\(run)") }
        #expect(run.log.contains("block devices present:"), "\(run)")
    }

    @Test func `a disk that is plugged in while the agent waits is found, formatted and mounted`() async throws {
        let volume = try TestVolume(attached: false)
        // The kernel gives the lowest free number: any zram of others has another.
        var disk: ZramDevice? = try ZramDevice()
        let node = disk?.node ?? ""
        disk = nil
        let run = try await volume.run("mount", ["--device", node] + patience) { agent in
            try await agent.logs("try=\"1 of 2\"")
            disk = try ZramDevice()
            try disk?.setSize(64 << 20)
        }
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.did("format") && run.did("mount"), "\(run)")
        let mounts = Mounts.at(volume.mountPoint)
        #expect(mounts.map(\.source) == [node])
        try await volume.unmount()
    }
}
