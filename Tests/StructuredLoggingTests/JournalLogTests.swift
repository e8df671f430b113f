import Logging
import SystemPackage
import Testing

@testable import StructuredLogging

@Suite(.timeLimit(.minutes(1))) struct JournalLogTests {
    private func log(_ path: String, _ standardError: FileDescriptor, patience: Duration = .seconds(5)) -> JournalLog {
        JournalLog(
            socket: JournalSocket(path: path, patience: patience),
            identifier: "autoheal-agent",
            fallback: TextLog(output: LogOutput(standardError), isJournal: true)
        )
    }

    @Test func `Message, priority, identifier and fields arrive`() throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        log(journal.path, pipe.writing).write(
            LogRecord(
                "volume is ready",
                level: .warning,
                ["volume.mount_point": "/srv/my data", "label": "a\nPRIORITY=0\nb"],
                tags: ["host.id": "i-0123456789abcdef0"]
            )
        )
        let fields = try journal.receive()
        #expect(fields.isWellFormed)
        #expect(fields["MESSAGE"] == [#"volume is ready label="a\nPRIORITY=0\nb" volume.mount_point="/srv/my data""#])
        #expect(fields["PRIORITY"] == ["4"])
        #expect(fields["SYSLOG_IDENTIFIER"] == ["autoheal-agent"])
        #expect(fields["AUTOHEAL_VOLUME_MOUNT_POINT"] == ["/srv/my data"])
        #expect(fields["AUTOHEAL_LABEL"] == ["a\nPRIORITY=0\nb"])
        #expect(fields["AUTOHEAL_HOST_ID"] == ["i-0123456789abcdef0"])
        #expect(fields.fields.count == 6)
        #expect(pipe.writes().isEmpty)
    }

    @Test func `The unit is a field if it is known`() throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        var log = log(journal.path, pipe.writing)
        log.unit = "autoheal-agent.service"
        log.write(LogRecord())
        #expect(try journal.receive()["OBJECT_SYSTEMD_UNIT"] == ["autoheal-agent.service"])
    }

    @Test(arguments: zip(Logger.Level.allCases, ["7", "7", "6", "5", "4", "3", "2"]))
    func `Each level has its priority`(level: Logger.Level, priority: String) throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        log(journal.path, pipe.writing).write(LogRecord(level: level))
        #expect(try journal.receive()["PRIORITY"] == [priority])
    }

    @Test(arguments: injections)
    func `No text adds a field`(text: String) throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        log(journal.path, pipe.writing).write(LogRecord(text, [text: .string(text)]))
        let fields = try journal.receive()
        #expect(fields.isWellFormed)
        #expect(fields.fields.map(\.value).last == text)
        #expect(fields.fields.map(\.name).dropLast() == ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER"])
    }

    @Test(arguments: [
        ("host.id", "AUTOHEAL_HOST_ID"), ("_private", "AUTOHEAL__PRIVATE"), ("a-b c", "AUTOHEAL_A_B_C"),
        ("9", "AUTOHEAL_9"), ("", "AUTOHEAL_"), ("é", "AUTOHEAL___"),
        (String(repeating: "x", count: 100), "AUTOHEAL_" + String(repeating: "X", count: 55)),
    ])
    func `A key becomes a name that the journal takes`(key: String, name: String) {
        #expect(JournalEntry.name(key) == name)
    }

    @Test func `A value too large for a datagram is cut and says so`() throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        let value = String(repeating: "é", count: 1 << 20)
        log(journal.path, pipe.writing).write(LogRecord("m", ["big": .string(value), "small": "s"]))
        let fields = try journal.receive()
        #expect(fields.isWellFormed)
        #expect(fields["AUTOHEAL_BIG"] == [String(repeating: "é", count: 4096) + "... (cut, 2097152 bytes in all)"])
        #expect(fields["AUTOHEAL_SMALL"] == ["s"])
        #expect(fields["AUTOHEAL_TRUNCATED"] == ["1"])
        #expect(pipe.writes().isEmpty)
    }

    @Test func `Without a journal the line goes to standard error`() throws {
        let pipe = try LinePipe()
        for path in ["/nonexistent/socket", String(repeating: "x", count: 200)] {
            log(path, pipe.writing).write(LogRecord("m", level: .error, ["k": "v"], tags: ["host.id": "i"]))
            #expect(pipe.writes() == ["<3>ERROR m k=v host.id=i\n"])
        }
    }

    @Test func `A journal that nobody reads costs one pause and no line`() throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        let log = log(journal.path, pipe.writing, patience: .milliseconds(50))
        let start = ContinuousClock.now
        for _ in 0..<2000 { log.write(LogRecord()) }
        // 2000 pauses would be 100 seconds.
        #expect(ContinuousClock.now - start < .seconds(20))
        let fallbacks = pipe.writes().count
        var received = 0
        while (try? journal.receive()) != nil { received += 1 }
        #expect(received > 0)
        #expect(fallbacks > 0)

        // Once there is room again, lines go to the journal again.
        log.write(LogRecord("back"))
        #expect(try journal.receive()["MESSAGE"] == ["back"])
    }
}
