import AutohealSpec
import Glibc
import HealthServer
import NIOCore
import NIOPosix
import Testing

/// The server over real connections on loopback, with clients that behave as badly as they can.
@Suite("Health server", .serialized, .timeLimit(.minutes(3)))
struct HealthServerTests {
    private static let body = "{\"status\":\"healthy\"}\n"

    private func withServer(
        _ limits: HealthServer.Limits = HealthServer.Limits(),
        _ body: (Int) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await HealthServer.start(host: "127.0.0.1", port: 0, on: group, limits: limits) { request in
            request.path == "/health"
                ? HealthServer.Answer(
                    status: request.isLocal ? 200 : 500,
                    contentType: "application/json",
                    body: Self.body
                ) : nil
        }
        try await body(try #require(server.port))
        await server.stop()
        try await group.shutdownGracefully()
    }

    @Test func `it answers GET and HEAD, and nothing else`() async throws {
        try await withServer { port in
            let get = try RawConnection(port: port).exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(get.hasPrefix("HTTP/1.1 200 OK\r\n") && get.hasSuffix("\r\n\r\n" + Self.body), "\(get)")
            let query = try RawConnection(port: port).exchange("GET /health?from=elb HTTP/1.0\r\n\r\n")
            #expect(query.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(query)")
            let absolute = try RawConnection(port: port).exchange("GET http://x/health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(absolute.hasPrefix("HTTP/1.1 200 OK\r\n"), "RFC 9112, 3.2.2: \(absolute)")
            let head = try RawConnection(port: port).exchange("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"), "\(head)")
            #expect(head.contains("Content-Length: \(Self.body.utf8.count)\r\n"), "\(head)")
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                let text = "\(method) /health HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                let answer = try RawConnection(port: port).exchange(text)
                #expect(answer.hasPrefix("HTTP/1.1 405 ") && answer.contains("Allow: GET, HEAD\r\n"), "\(answer)")
            }
            let missing = try RawConnection(port: port).exchange("GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(missing.hasPrefix("HTTP/1.1 404 "), "\(missing)")
        }
    }

    @Test func `headers without end are refused`() async throws {
        try await withServer { port in
            let long = String(repeating: "a", count: 20_000)
            let answer = try RawConnection(port: port).exchange("GET /health HTTP/1.1\r\nX: \(long)\r\n\r\n")
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(200))")
            let path = try RawConnection(port: port).exchange("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(path.isEmpty || path.hasPrefix("HTTP/1.1 4"), "\(path.prefix(200))")
        }
    }

    @Test func `a thousand clients that never finish keep nobody out`() async throws {
        var limits = HealthServer.Limits()
        limits.connections = 200
        limits.time = .seconds(60)
        try await withServer(limits) { port in
            var slow: [RawConnection] = []
            for number in 0..<1000 {
                let connection = try RawConnection(port: port)
                connection.send(number % 2 == 0 ? "GET /hea" : "")
                slow.append(connection)
                guard number % 100 == 99 else { continue }
                let answer = try RawConnection(port: port).exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK"), "after \(number + 1): \(answer)")
            }
            #expect(slow.count == 1000)
        }
    }

    @Test func `a client that does not finish is let go after the time`() async throws {
        var limits = HealthServer.Limits()
        limits.time = .milliseconds(200)
        try await withServer(limits) { port in
            let connection = try RawConnection(port: port)
            connection.send("GET /health HTTP/1.1\r\n")
            // Returns only when the server has closed.
            let answer = connection.readAll()
            #expect(answer.isEmpty, "\(answer)")
        }
    }

    @Test func `whatever bytes come, the next request is answered`() async throws {
        try await withServer { port in
            var generator = SeededGenerator(seed: 20_261_126)
            let valid = Array("GET /health HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            for round in 0..<600 {
                var bytes = valid
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                    default: bytes.remove(at: place)
                    }
                }
                let connection = try RawConnection(port: port)
                connection.send(bytes)
                connection.finish()
                let answer = connection.readAll()
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 "), "round \(round): \(answer)")
            }
            let answer = try RawConnection(port: port).exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK"), "\(answer)")
        }
    }
}
