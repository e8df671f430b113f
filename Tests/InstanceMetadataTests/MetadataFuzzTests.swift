import FoundationEssentials
import InstanceMetadata
import TestSupport
import Testing

/// Random damage to valid answers. `SEED=n` repeats a run, `FUZZ_ROUNDS=n` makes it longer.
@Suite(.timeLimit(.minutes(30))) struct MetadataFuzzTests {
    typealias Script = MetadataServerScript

    private static let environment = ProcessInfo.processInfo.environment
    private let seed = environment["SEED"].flatMap(UInt64.init) ?? .random(in: .min ... .max)
    private let rounds = environment["FUZZ_ROUNDS"].flatMap(Int.init) ?? 300
    private let limits = MetadataLimits(requestTimeout: .milliseconds(100), tagGrace: .milliseconds(10))

    @Test func `Damaged answers give a believable identity or an error, in bounded time`() async throws {
        var randomness = Randomness(seed: seed)
        try await MetadataServer.run { server in
            let client = try MetadataClient(url: server.url, limits: limits)
            for round in 1...rounds {
                let note: Comment = "round \(round), SEED=\(seed)"
                let script = Self.damagedScript(using: &randomness)
                server.replaceScript(script)

                let start = ContinuousClock.now
                let result = await outcome(of: client)
                // At most two tokens and two rounds, each bounded by its timeout; the rest is for a busy machine.
                #expect(ContinuousClock.now - start < limits.requestTimeout * 4 + .seconds(10), note)

                switch result {
                case .success(let identity):
                    #expect(!identity.attributes.isEmpty, note)
                    #expect(identity.attributes.values.allSatisfy(Self.isBelievable), note)
                case .failure(let error):
                    #expect(error.cause != .cancelled, note)
                }
            }
            try await server.wait { $0.openConnections == 0 }
        }
    }

    private static func isBelievable(_ value: String) -> Bool {
        (1...256).contains(value.utf8.count) && value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    private static func damagedScript(using randomness: inout Randomness) -> Script {
        let bodies = [
            Script.tokenPath: Script.token, Script.documentPath: Script.document,
            Script.groupPath: "stateful-eu-west-1a", Script.namePath: "database",
        ]
        var script = Script.healthy
        // The order of a dictionary's keys differs between runs, and a seed must not.
        let paths = bodies.keys.sorted().shuffled(using: &randomness)
        for path in paths.prefix(.random(in: 1...2, using: &randomness)) {
            var bytes = Array(MetadataServerAnswer.responseText(body: bodies[path] ?? "").utf8)
            if Bool.random(using: &randomness) {
                bytes = Array(chunked(bodies[path] ?? "").utf8)
            }
            for _ in 0..<Int.random(in: 1...4, using: &randomness) {
                ResponseMutation.allCases.randomElement(using: &randomness)?.apply(to: &bytes, using: &randomness)
            }
            let staysOpen = Int.random(in: 0..<16, using: &randomness) == 0
            script = script.answering(path, staysOpen ? .bytesThenSilence(bytes) : .bytes(bytes))
        }
        return script
    }

    private static func chunked(_ body: String) -> String {
        let half = body.prefix(body.count / 2)
        let rest = body.dropFirst(half.count)
        let chunks = [half, rest].map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks.joined())0\r\n\r\n"
    }
}
