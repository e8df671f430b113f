import InstanceMetadata
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct MetadataClientTests {
    typealias Script = MetadataServerScript

    @Test(arguments: ["127.0.0.1", "::1"])
    func `A healthy service tells everything`(host: String) async throws {
        try await MetadataServer.run(host: host) { server in
            let identity = try await MetadataClient(url: server.url).fetch()
            #expect(identity == .healthy)
        }
    }

    @Test func `The requests are those of IMDSv2`() async throws {
        try await MetadataServer.run { server in
            _ = try await MetadataClient(url: server.url + "/").fetch()
            let requests = server.requests
            #expect(requests.first?.method == "PUT")
            #expect(requests.first?.path == Script.tokenPath)
            #expect(requests.first?.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "60")
            #expect(
                requests.dropFirst().map(\.path).sorted()
                    == [Script.documentPath, Script.groupPath, Script.namePath].sorted()
            )
            for request in requests.dropFirst() {
                #expect(request.method == "GET")
                #expect(request.headers["x-aws-ec2-metadata-token"] == Script.token)
                #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
                #expect(request.headers["connection"] == "close")
            }
            // Every connection is closed by the time the answers are used, or soon after.
            try await server.wait { $0.openConnections == 0 }
        }
    }

    @Test func `A path prefix is kept`() async throws {
        try await MetadataServer.run(.always(.response(status: 404))) { server in
            _ = await outcome(of: try MetadataClient(url: server.url + "/proxy/imds/"))
            #expect(server.requests.map(\.path) == ["/proxy/imds/latest/api/token"])
        }
    }

    @Test(arguments: [404, 403])
    func `Without tags there is the rest`(status: Int) async throws {
        let script = Script.healthy
            .answering(Script.groupPath, .response(status: status))
            .answering(Script.namePath, .response(status: status))
        try await MetadataServer.run(script) { server in
            let identity = try await MetadataClient(url: server.url).fetch()
            #expect(identity == InstanceIdentity.healthy.withoutTags)
        }
    }

    @Test func `Late tags are not waited for`() async throws {
        let script = Script.healthy.answering(Script.groupPath, .silence).answering(Script.namePath, .silence)
        try await MetadataServer.run(script) { server in
            let limits = MetadataLimits(requestTimeout: .seconds(3600), tagGrace: .milliseconds(20))
            let client = try MetadataClient(url: server.url, limits: limits)
            let identity = try await client.fetch()
            #expect(identity == InstanceIdentity.healthy.withoutTags)
            try await server.wait { $0.openConnections == 0 }
        }
    }

    @Test func `A refused token is replaced once`() async throws {
        for path in [Script.documentPath, Script.groupPath] {
            let healthy: MetadataServerAnswer =
                path == Script.documentPath ? .response(body: Script.document) : .response(body: "stateful-eu-west-1a")
            let script = Script.healthy.answering(path, .response(status: 401), healthy)
            try await MetadataServer.run(script) { server in
                let identity = try await MetadataClient(url: server.url).fetch()
                #expect(identity == .healthy)
                #expect(server.snapshot.count(of: Script.tokenPath) == 2)
            }
        }
    }

    @Test func `A token that is always refused is asked for twice`() async throws {
        let script = Script.healthy.answering(Script.documentPath, .response(status: 401))
        try await MetadataServer.run(script) { server in
            let result = await outcome(of: try MetadataClient(url: server.url))
            #expect(cause(result) == .status(401))
            #expect(server.snapshot.count(of: Script.tokenPath) == 2)
        }
    }

    @Test func `Values that look wrong are dropped one by one`() async throws {
        let document = """
            {"accountId": 123456789012, "availabilityZone": "eu-west-1a\\nroot", "imageId": "ami-xyz",
             "instanceId": "i-0123456789abcdef0", "instanceType": "m5.large\\u001b[31m", "region": {"a": 1}}
            """
        let script = Script.healthy
            .answering(Script.documentPath, .response(body: document))
            .answering(Script.groupPath, .response(body: "group\r\nINFO forged=1"))
            .answering(Script.namePath, .response(body: String(repeating: "x", count: 257)))
        try await MetadataServer.run(script) { server in
            let identity = try await MetadataClient(url: server.url).fetch()
            #expect(identity == InstanceIdentity(instanceID: "i-0123456789abcdef0"))
            #expect(identity.attributes == ["host.id": "i-0123456789abcdef0"])
        }
    }

    @Test func `The log keys are those of OpenTelemetry`() {
        #expect(
            InstanceIdentity.healthy.attributes == [
                "host.id": "i-0123456789abcdef0",
                "host.type": "m5.large",
                "host.image.id": "ami-0fedcba9876543210",
                "cloud.availability_zone": "eu-west-1a",
                "cloud.region": "eu-west-1",
                "cloud.account.id": "123456789012",
                "aws.autoscaling.group": "stateful-eu-west-1a",
                "aws.instance.name": "database",
            ]
        )
    }

    @Test func `An error says what was asked of whom and why it failed`() async throws {
        try await MetadataServer.run(.always(.response(status: 500))) { server in
            let result = await outcome(of: try MetadataClient(url: server.url))
            guard case .failure(let error) = result else {
                Issue.record("no error")
                return
            }
            let text = "Cannot read a session token from \(server.url): the answer has the status 500."
            #expect(error.description == text)
            #expect(!error.isFinal)
        }
    }
}
