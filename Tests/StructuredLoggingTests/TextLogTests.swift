import Logging
import Testing

@testable import StructuredLogging

@Suite struct TextLogTests {
    private let console = TextLog(output: LogOutput(), isJournal: false)

    @Test func `A line is time, level, message and fields`() {
        let line = console.line(
            LogRecord(
                "volume is ready",
                ["volume.device": "/dev/nvme1n1", "duration_ms": "12", "outcome": "changed", "error.errno": "EIO"],
                tags: ["host.id": "i-0123456789abcdef0", "cloud.region": "eu-west-1"]
            )
        )
        #expect(
            line == "2026-01-02T03:04:05.067Z INFO volume is ready outcome=changed duration_ms=12 error.errno=EIO"
                + " volume.device=/dev/nvme1n1 cloud.region=eu-west-1 host.id=i-0123456789abcdef0"
        )
    }

    @Test(arguments: [
        (Logger.Level.trace, "<7>TRACE"), (.debug, "<7>DEBUG"), (.info, "<6>INFO"), (.notice, "<5>NOTICE"),
        (.warning, "<4>WARNING"), (.error, "<3>ERROR"), (.critical, "<2>CRITICAL"),
    ])
    func `Each level has its name and in the journal its priority`(level: Logger.Level, start: String) {
        let journal = TextLog(output: LogOutput(), isJournal: true)
        #expect(journal.line(LogRecord(level: level)) == "\(start) mounted")
        #expect(console.line(LogRecord(level: level)) == "2026-01-02T03:04:05.067Z \(start.dropFirst(3)) mounted")
    }

    @Test(arguments: [
        ("ext4", "k=ext4"), ("/dev/xvdb", "k=/dev/xvdb"), ("a b", #"k="a b""#), ("", #"k="""#), ("a=b", #"k="a=b""#),
        (#"a"b"#, #"k="a\"b""#), (#"a\b"#, #"k="a\\b""#), ("a\nb", #"k="a\nb""#), ("\u{1B}[0m", #"k="\u{1b}[0m""#),
        ("\t\r", #"k="\t\r""#), ("é", #"k="é""#), ("\u{202E}", #"k="\u{202e}""#), ("\u{85}", #"k="\u{85}""#),
    ])
    func `A value is quoted when it must be`(value: String, rendered: String) {
        #expect(console.line(LogRecord("m", ["k": .string(value)])).hasSuffix(" m \(rendered)"))
    }

    @Test(arguments: injections)
    func `No value, message or key forges anything`(text: String) {
        for record in [LogRecord(text), LogRecord("m", ["k": .string(text)]), LogRecord("m", [text: "v"])] {
            let line = console.line(record)
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
            #expect(!line.unicodeScalars.contains { (0x2028...0x202E).contains($0.value) })
        }
        let line = console.line(LogRecord("m", ["k": .string(text), "z": "last"]))
        #expect(line.hasSuffix(" z=last"))
        #expect(line.matches(of: #/ k=("([^"\\]|\\.)*"|[^ "=\\]+) z=/#).count == 1)
    }

    @Test func `Nested metadata has dotted keys and lists have brackets`() {
        let record = LogRecord("m", ["a": ["b": ["c": "1"]], "list": ["x", "y z"], "n": .stringConvertible(7)])
        #expect(console.line(record).hasSuffix(#" m a.b.c=1 list="[x, y z]" n=7"#))
    }

    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000Z"), (951_782_400, 9, "2000-02-29T00:00:00.009Z"),
        (4_102_444_799, 999, "2099-12-31T23:59:59.999Z"),
    ])
    func `Time is UTC`(seconds: Int, milliseconds: Int, text: String) {
        #expect(LogTimestamp(seconds: seconds, milliseconds: milliseconds).description == text)
    }
}
