import Glibc
import Logging
import StructuredLogging
import SystemPackage
import TestSupport
import Testing

@Suite struct ConsoleCopyTests {
    /// Logs one line of each level and returns what the console shows, without its time and process number.
    private func console(
        _ format: LogFormat,
        copies: Bool?,
        message: String = "m",
        metadata: Logger.Metadata = ["step": "mount"]
    ) throws -> [String] {
        let directory = try ScratchDirectory()
        let path = directory.path + "/console"
        close(open(path, O_WRONLY | O_CREAT, 0o600))
        let pipe = try LinePipe()
        let tags = InstanceTags()
        tags.fill(["host.id": "i-0123456789abcdef0", "host.type": "t4g.small", "cloud.region": "eu-west-1"])
        let configuration = LoggingConfiguration(
            format: format,
            level: .trace,
            tags: tags,
            environment: [:],
            copiesToConsole: copies,
            standardError: pipe.writing,
            journalSocket: "/nonexistent",
            console: path
        )
        var logger = configuration.logger()
        logger[metadataKey: "volume.device"] = "/dev/xvdb"
        logger[metadataKey: "volume.mount_point"] = "/data"
        for level in Logger.Level.allCases { logger.log(level: level, "\(message)", metadata: metadata) }
        #expect(pipe.writes().count == Logger.Level.allCases.count)
        return try text(path).split(separator: "\n").map { line in
            String(line.drop { $0 != " " }.dropFirst().drop { $0 != "]" })
        }
    }

    private func text(_ path: String) throws -> String {
        let descriptor = try FileDescriptor.open(FilePath(path), .readOnly)
        return try descriptor.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    @Test func `The important lines of a journal are on the console, without what is on every line`() throws {
        let end = "/data: m step=mount"
        #expect(
            try console(.journal, copies: nil) == [
                "]: \(end)", "]: WARNING \(end)", "]: ERROR \(end)", "]: CRITICAL \(end)",
            ]
        )
    }

    @Test func `The outcome on the console says which instance it is`() throws {
        let lines = try console(.journal, copies: nil, metadata: ["outcome": "changed", "exit.status": "0"])
        #expect(lines.first == "]: /data: m outcome=changed exit.status=0 host.id=i-0123456789abcdef0")
    }

    @Test func `Other formats are copied if it is asked for`() throws {
        #expect(try console(.text, copies: nil).isEmpty)
        #expect(try console(.json, copies: nil).isEmpty)
        #expect(try console(.json, copies: true).count == 4)
        #expect(try console(.journal, copies: false).isEmpty)
    }

    @Test func `Nothing forges a line`() throws {
        let message = "m\n2026-01-01T00:00:00.000Z autoheal-agent[1]: forged\u{1B}[2J"
        let lines = try console(.journal, copies: nil, message: message)
        #expect(lines.count == 4)
        #expect(lines.allSatisfy { !$0.contains("\u{1B}") })
    }

    @Test func `A console that cannot be opened costs nothing`() throws {
        let pipe = try LinePipe()
        let configuration = LoggingConfiguration(
            format: .text,
            level: .info,
            tags: InstanceTags(),
            environment: [:],
            copiesToConsole: true,
            standardError: pipe.writing,
            console: "/nonexistent/console"
        )
        configuration.logger().error("m")
        #expect(pipe.writes().count == 1)
    }
}
