import Logging
import SystemPackage
import TestSupport
import Testing

@testable import StructuredLogging

@Suite struct TerminalLogTests {
    private let volume: Logger.Metadata = [
        "volume.device": "/dev/sdf", "volume.id": "vol-0123456789abcdef0", "volume.mount_point": "/data",
    ]
    private let other: Logger.Metadata = ["volume.device": "/dev/sdg", "volume.mount_point": "/backup"]

    private func log(_ terminal: borrowing PseudoTerminal, namesVolumes: Bool = false) -> TerminalLog {
        TerminalLog(
            output: LogOutput(terminal.descriptor),
            namesVolumes: namesVolumes,
            elapsed: { .milliseconds(1239) }
        )
    }

    /// What a person sees in the end, the empty row below it left out.
    private func rows(_ terminal: borrowing PseudoTerminal) -> [String] {
        let rows = PseudoTerminal.rows(terminal.received())
        return rows.last == "" ? rows.dropLast() : rows
    }

    @Test(arguments: [
        (Duration.zero, "   0.00"), (.milliseconds(1239), "   1.23"), (.seconds(3600), "3600.00"),
        (.seconds(100_000), "100000.00"), (.milliseconds(-1), "   0.00"),
    ])
    func `A line begins with the seconds since the start`(elapsed: Duration, text: String) {
        #expect(TerminalLog.line(LogRecord("m"), at: elapsed, namesVolume: false) == text + "  m")
    }

    @Test(arguments: zip(Logger.Level.allCases, ["TRACE ", "DEBUG ", "", "", "WARNING ", "ERROR ", "CRITICAL "]))
    func `A level is said where it means something`(level: Logger.Level, word: String) {
        #expect(TerminalLog.line(LogRecord("m", level: level), at: .zero, namesVolume: false) == "   0.00  \(word)m")
    }

    @Test func `The volume is said once, and each line only what is special to it`() throws {
        let terminal = try PseudoTerminal()
        let log = log(terminal)
        log.write(LogRecord("Found the device", ["volume.node": "/dev/nvme1n1"], ofLogger: volume))
        log.write(LogRecord("Mounted the volume", ["step": "mount", "duration_ms": "12.0"], ofLogger: volume))
        #expect(
            rows(terminal) == [
                "Volume: vol-0123456789abcdef0, /dev/sdf at /data",
                "   1.23  Found the device volume.node=/dev/nvme1n1",
                "   1.23  Mounted the volume step=mount duration_ms=12.0",
            ]
        )
    }

    @Test func `The instance is said as soon as it is known, and once`() throws {
        let terminal = try PseudoTerminal()
        let tags = InstanceTags()
        let configuration = LoggingConfiguration(
            format: .auto,
            level: .info,
            tags: tags,
            environment: [:],
            standardError: terminal.descriptor
        )
        #expect(configuration.format == .terminal)
        let logger = configuration.logger()
        logger.info("before")
        tags.fill(["host.id": "i-0123456789abcdef0", "cloud.region": "eu-west-1"])
        #expect(rows(terminal).last == "Instance: cloud.region=eu-west-1 host.id=i-0123456789abcdef0")
        logger.info("after")
        tags.fill(["host.id": "i-0123456789abcdef0", "cloud.region": "eu-west-1", "aws.autoscaling.group": "g"])
        let rest = rows(terminal)
        let isRight = rest.count == 2 && rest[0].hasSuffix("  after") && rest[1] == "Instance: aws.autoscaling.group=g"
        #expect(isRight, "\(rest)")
    }

    @Test func `Nothing is said of an instance that nobody knows`() throws {
        let terminal = try PseudoTerminal()
        log(terminal).write(LogRecord("m", tags: ["host.id": "unknown"]))
        #expect(rows(terminal) == ["   1.23  m"])
    }

    @Test func `Of several volumes each line says which it is about`() throws {
        let terminal = try PseudoTerminal()
        let log = log(terminal, namesVolumes: true)
        log.write(LogRecord("a", level: .warning, ofLogger: volume))
        log.write(LogRecord("b", other))
        log.write(LogRecord("c"))
        #expect(
            rows(terminal) == [
                "Volume: vol-0123456789abcdef0, /dev/sdf at /data", "   1.23  /data: WARNING a",
                "Volume: /dev/sdg at /backup", "   1.23  /backup: b", "   1.23  c",
            ]
        )
    }

    @Test func `Progress is overwritten in place and stays below the lines`() throws {
        let terminal = try PseudoTerminal()
        let log = log(terminal)
        log.show("/data", "Reading the device: 5 %, and more words")
        log.show("/data", "Reading the device: 50 %")
        #expect(rows(terminal) == ["   1.23  Reading the device: 50 %"])
        log.write(LogRecord("m"))
        log.show("/data", "Reading the device: 51 %")
        let seen = rows(terminal)
        #expect(seen == ["   1.23  m", "   1.23  Reading the device: 51 %"])
        log.show("/data", nil)
        log.write(LogRecord("over"))
        let text = PseudoTerminal.rows("   1.23  Reading the device: 51 %" + terminal.received())
        #expect(text == ["   1.23  over", ""])
    }

    @Test func `Progress of several volumes shares one row, and never takes two`() throws {
        let terminal = try PseudoTerminal(columns: 40)
        let log = log(terminal)
        log.show("/data", "5 %")
        log.show("/backup", "60 %")
        #expect(rows(terminal) == ["   1.23  /data: 5 %; /backup: 60 %"])
        log.show("/backup", String(repeating: "x", count: 100))
        let seen = rows(terminal)
        #expect(seen.count == 1 && seen[0].count == 39, "\(seen)")
    }

    @Test func `What is no terminal shows no progress`() throws {
        let pipe = try LinePipe()
        let configuration = LoggingConfiguration(
            format: .terminal,
            level: .info,
            tags: InstanceTags(),
            environment: [:],
            standardError: pipe.writing
        )
        #expect(configuration.display == nil)
        configuration.logger().info("m", metadata: ["step": "mount"])
        #expect(pipe.writes().map { $0.drop { $0 != "m" } } == ["m step=mount\n"])
    }

    @Test(arguments: injections)
    func `No text forges a line, moves the cursor or hides anything`(text: String) throws {
        let terminal = try PseudoTerminal(columns: 300)
        let log = log(terminal)
        log.write(LogRecord(text, [text: .string(text)], tags: [text: .string(text)]))
        log.write(LogRecord("m", ["volume.mount_point": .string(text), "volume.device": .string(text)]))
        log.show(text, text)
        let received = terminal.received()
        let codes = received.unicodeScalars.map(\.value).filter { $0 != 0x0A && $0 != 0x0D }
        #expect(!codes.contains { $0 < 0x20 || (0x7F...0x9F).contains($0) })
        #expect(received.split(separator: "\r\n", omittingEmptySubsequences: false).count == 5)
    }
}
