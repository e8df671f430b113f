import TestSupport
import Testing

/// The mount with a metadata service at its side that does its worst.
@Suite(.serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct MetadataServiceTests {
    struct Fault: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let script: MetadataServerScript

        init(_ name: String, _ answer: MetadataServerAnswer) {
            testDescription = name
            script = .always(answer)
        }
    }

    static let faults = [
        Fault("hangs", .silence), Fault("closes at once", .close), Fault("401", .response(status: 401)),
        Fault("403", .response(status: 403)), Fault("404", .response(status: 404)),
        Fault("500", .response(status: 500)),
        Fault("garbage", .bytes(Array("\u{1}\u{2}garbage\r\n\r\n".utf8))),
        Fault("10 MB", .response(status: 200, body: String(repeating: "a", count: 10_000_000))),
        Fault("redirect", .response(status: 302, headers: [("Location", "http://127.0.0.1:9/")])),
        Fault("drips", .drip(Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".utf8), every: .milliseconds(100))),
    ]

    private func mount(_ endpoint: String, _ volume: borrowing TestVolume) async throws -> AgentRun {
        try await volume.agent.run(
            volume.flags(),
            environment: ["AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint]
        )
    }

    @Test
    func `a healthy service tags the lines with instance, type, zone and group`() async throws {
        let volume = try TestVolume()
        let run = try await MetadataServer.run { try await mount($0.url, volume) }
        #expect(run.exitCode == 0)
        let last = try #require(run.log.split(separator: "\n").last)
        for tag in ["host.id=i-0123456789abcdef0", "host.type=", "cloud.availability_zone=", "aws.autoscaling.group="] {
            #expect(last.contains(tag), "\(tag) in \(last)")
        }
        #expect(last.contains("outcome=changed"))
    }

    @Test(arguments: faults)
    func `with a service that misbehaves the volume is mounted all the same`(fault: Fault) async throws {
        let volume = try TestVolume()
        let run = try await MetadataServer.run(fault.script) { try await mount($0.url, volume) }
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.did("mount"))
        let last = try #require(run.log.split(separator: "\n").last)
        #expect(last.contains("outcome=changed") && last.contains("host.id=unknown"), "\(last)")
        let isMounted = volume.isMounted
        #expect(isMounted)
    }

    @Test
    func `with nobody listening the volume is mounted all the same`() async throws {
        let volume = try TestVolume()
        let server = try await MetadataServer.start()
        let url = server.url
        try await server.stop()
        let run = try await mount(url, volume)
        #expect(run.exitCode == 0 && run.log.contains("host.id=unknown"), "\(run)")
    }

    @Test
    func `before there is a network, the outcome is not kept waiting for the name of the instance`() async throws {
        // The whole patience is 250 ms; a busy machine may take that long for something else, but not every time.
        var waits: [Duration] = []
        while waits.count < 5, waits.allSatisfy({ $0 >= .milliseconds(200) }) {
            let volume = try TestVolume()
            let clock = ContinuousClock()
            let run = try await volume.agent.run(
                volume.flags(),
                under: ["unshare", "--net"],
                environment: [
                    "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://192.0.2.1",
                ]
            ) { running in
                try await running.logs("step=mount ")
                let mounted = clock.now
                try await running.logs("outcome=changed")
                waits.append(clock.now - mounted)
            }
            #expect(run.exitCode == 0 && run.log.contains("host.id=unknown"), "\(run)")
        }
        #expect(waits.contains { $0 < .milliseconds(200) }, "\(waits)")
    }

    @Test(arguments: ["https://127.0.0.1:1", "ftp://127.0.0.1", "nonsense", "http://", "http://127.0.0.1:99999"])
    func `an endpoint that cannot be is a warning that names the variable`(endpoint: String) async throws {
        let volume = try TestVolume()
        let run = try await mount(endpoint, volume)
        #expect(run.exitCode == 0)
        #expect(run.warns("AWS_EC2_METADATA_SERVICE_ENDPOINT"), "\(run)")
    }

    @Test
    func `while the device is waited for, an identity that came late tags the lines from then on`() async throws {
        let volume = try TestVolume(attached: false)
        let script = MetadataServerScript.healthy.answering(
            MetadataServerScript.tokenPath,
            .response(status: 500),
            .response(status: 500),
            .response(status: 200, body: MetadataServerScript.token)
        )
        let run = try await MetadataServer.run(script) { server in
            try await volume.agent.run(
                [
                    "mount", "--device", volume.node, "--mount-point", volume.mountPoint, "--tries", "60", "--interval",
                    "0.5",
                ],
                environment: ["AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url]
            ) { running in
                try await running.logs("host.id=i-0123456789abcdef0")
                try volume.device.attach(volume.image)
            }
        }
        #expect(run.exitCode == 0)
        let first = try #require(run.lines("Not there yet").first)
        #expect(!first.contains("host.id"))
    }
}
