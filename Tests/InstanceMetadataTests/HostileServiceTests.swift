import InstanceMetadata
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct HostileServiceTests {
    typealias Script = MetadataServerScript
    typealias Answer = MetadataServerAnswer
    typealias Cause = MetadataError.Cause

    /// A service that misbehaves in the same way whether it is asked for a token or for the document.
    struct Misbehaviour: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var answer: Answer
        var cause: Cause
        var limits = MetadataLimits.patient

        init(_ name: String, _ answer: Answer, _ cause: Cause, limits: MetadataLimits = .patient) {
            testDescription = name
            self.answer = answer
            self.cause = cause
            self.limits = limits
        }
    }

    private static let timedOut = Cause.timedOut(.milliseconds(200))
    private static let tooLarge = Cause.tooLarge(limit: 65536)
    private static let bytes10MB = Array(Answer.responseText(body: String(repeating: "x", count: 10 << 20)).utf8)
    private static let headLine = Array("HTTP/1.1 200 OK\r\n".utf8)

    static let misbehaviours = [
        Misbehaviour("hangs", .silence, timedOut, limits: .brief),
        Misbehaviour(
            "hangs after the headers",
            .bytesThenSilence(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8)),
            timedOut,
            limits: .brief
        ),
        Misbehaviour(
            "drips one byte per 100 ms",
            .drip(Array(Answer.responseText(body: Script.document).utf8), every: .milliseconds(100)),
            timedOut,
            limits: .brief
        ),
        Misbehaviour("forbids", .response(status: 403), .status(403)),
        Misbehaviour("knows nothing", .response(status: 404), .status(404)),
        Misbehaviour("fails", .response(status: 500, body: "oops"), .status(500)),
        Misbehaviour("says 204", .bytes(Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)), .status(204)),
        Misbehaviour("speaks SSH", .bytes(Array("SSH-2.0-OpenSSH_9.2p1\r\n".utf8)), .notHTTP),
        Misbehaviour("speaks noise", .bytes((0...255).map { UInt8($0) ^ 0xA5 }), .notHTTP),
        Misbehaviour("sends an empty body", .response(body: ""), .unusable),
        Misbehaviour(
            "sends text that is no UTF-8",
            .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n".utf8) + [0xFF, 0xFE]),
            .unusable
        ),
        Misbehaviour("sends garbage with line breaks", .response(body: "{]\r\n\u{0}"), .unusable),
        Misbehaviour("sends nested arrays", .response(body: String(repeating: "[ ", count: 30_000)), .unusable),
        Misbehaviour("sends nested objects", .response(body: String(repeating: "{\"a\" : ", count: 9_000)), .unusable),
        Misbehaviour(
            "announces 10 MB",
            .bytesThenSilence(Array("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n".utf8)),
            timedOut,
            limits: .brief
        ),
        Misbehaviour("sends 10 MB", .bytes(bytes10MB), tooLarge),
        Misbehaviour(
            "sends a body without end",
            .endless(headLine + Array("\r\n".utf8), repeating: Array(repeating: 0x20, count: 9000)),
            tooLarge
        ),
        Misbehaviour("sends headers without end", .endless(headLine, repeating: Array("X: y\r\n".utf8)), tooLarge),
        Misbehaviour(
            "sends one header without end",
            .endless(headLine + Array("X: ".utf8), repeating: Array(repeating: 0x61, count: 9000)),
            tooLarge
        ),
        Misbehaviour(
            "sends a status without end",
            .endless(Array("HTTP/1.1 200 ".utf8), repeating: Array(repeating: 0x61, count: 9000)),
            tooLarge
        ),
        Misbehaviour(
            "says continue without end",
            .endless([], repeating: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)),
            tooLarge
        ),
        Misbehaviour(
            "sends chunk extensions without end",
            .endless(
                headLine + Array("Transfer-Encoding: chunked\r\n\r\n1;".utf8),
                repeating: Array(repeating: 0x61, count: 9000)
            ),
            tooLarge
        ),
        Misbehaviour(
            "announces more than it sends",
            .response(headers: [("Content-Length", "4000")], body: Script.document),
            .closedEarly
        ),
        Misbehaviour(
            "announces less than it sends",
            .response(headers: [("Content-Length", "5")], body: "{   }    "),
            .unusable
        ),
        Misbehaviour(
            "announces a negative length",
            .response(headers: [("Content-Length", "-1")], body: "x y"),
            .notHTTP
        ),
        Misbehaviour(
            "announces an absurd length",
            .response(headers: [("Content-Length", "99999999999999999999999")], body: "x y"),
            .notHTTP
        ),
        Misbehaviour(
            "announces two lengths",
            .response(headers: [("Content-Length", "1"), ("Content-Length", "3")], body: "x y"),
            .notHTTP
        ),
        Misbehaviour("closes early", .close, .closedEarly),
        Misbehaviour("closes in the status line", .bytes(Array("HTTP/1.1 2".utf8)), .closedEarly),
        Misbehaviour("closes in the headers", .bytes(headLine + Array("Content-Le".utf8)), .closedEarly),
    ]

    @Test(arguments: misbehaviours, [Script.tokenPath, Script.documentPath])
    func `Hostility ends in an error that says what happened`(_ misbehaviour: Misbehaviour, path: String) async throws {
        let script = Script.healthy.answering(path, misbehaviour.answer)
        try await MetadataServer.run(script) { server in
            let result = await outcome(of: try MetadataClient(url: server.url, limits: misbehaviour.limits))
            #expect(cause(result) == misbehaviour.cause)
            // Nothing is left behind, however much the service still had to say.
            try await server.wait { $0.openConnections == 0 }
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `A redirect is not followed`(status: Int) async throws {
        try await MetadataServer.run { target in
            let redirect = Answer.response(status: status, headers: [("Location", target.url + Script.documentPath)])
            for path in [Script.tokenPath, Script.documentPath, Script.groupPath] {
                try await MetadataServer.run(Script.healthy.answering(path, redirect)) { server in
                    let result = await outcome(of: try MetadataClient(url: server.url))
                    #expect(cause(result) == (path == Script.groupPath ? nil : .status(status)))
                }
            }
            #expect(target.snapshot.acceptedConnections == 0)
        }
    }

    @Test func `A service that is down is refused by the kernel`() async throws {
        let socket = try MetadataServerSocket(.refuses)
        let result = await outcome(of: try MetadataClient(url: socket.url))
        #expect(cause(result) == .system(errno: 111))
    }

    @Test func `A service that does not accept is given up in time`() async throws {
        let socket = try MetadataServerSocket(.hangs)
        let result = await outcome(of: try MetadataClient(url: socket.url, limits: .brief))
        #expect(cause(result) == .timedOut(.milliseconds(200)))
    }

    @Test(arguments: ["a b", "a\u{1}b", "tök", String(repeating: "x", count: 1025), "a\tb"])
    func `A token that cannot be a header is not used`(token: String) async throws {
        try await MetadataServer.run(Script.healthy.answering(Script.tokenPath, .response(body: token))) { server in
            let result = await outcome(of: try MetadataClient(url: server.url))
            #expect(cause(result) == .unusable)
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: ["[]", "null", "1", "\"i-0123456789abcdef0\"", "{}", "{\"instanceId\": null}", "{\"a\": 1"])
    func `A document that names nothing is unusable`(document: String) async throws {
        let script = Script.healthy.answering(Script.documentPath, .response(body: document))
        try await MetadataServer.run(script) { server in
            let result = await outcome(of: try MetadataClient(url: server.url))
            #expect(cause(result) == .unusable)
        }
    }
}
