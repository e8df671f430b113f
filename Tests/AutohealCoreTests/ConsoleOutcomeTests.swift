import AutohealRun
import AutohealSpec
import Testing

@Suite("Console outcome")
struct ConsoleOutcomeTests {
    private static let instance = "i-0123456789abcdef0"
    private static let boot = "0e4f1d5c-1c2b-4a39-8877-665544332211"

    private func line(
        version: String = "0.1.0",
        instance: String? = instance,
        boot: String? = boot,
        volumes: [String] = ["vol-0123456789abcdef0"],
        _ ending: ConsoleOutcome.Ending = .init(.mounted)
    ) throws(ConsoleOutcome.Missing) -> String {
        try ConsoleOutcome(
            version: version,
            instance: instance,
            boot: boot,
            volumes: volumes.compactMap { VolumeID($0) },
            ending: ending
        ).text
    }

    /// The sums are those of Python's `zlib.crc32`.
    @Test("the line of each outcome, to the byte")
    func lines() throws {
        let head = "autoheal-outcome/1 version=0.1.0 instance=\(Self.instance) boot=\(Self.boot)"
        #expect(
            try line() == "\(head) volumes=vol-0123456789abcdef0 outcome=mounted exit=0 reason=- crc=2744d671"
        )
        #expect(
            try line(volumes: [], .init(failed: 78, reason: nil))
                == "\(head) volumes=- outcome=refused exit=78 reason=- crc=e22d5d11"
        )
        #expect(
            try line(
                volumes: ["vol-22222222", "VOL-11111111", "vol-22222222"],
                .init(failed: 66, reason: "device-absent")
            )
                == "\(head) volumes=vol-11111111,vol-22222222 outcome=failed exit=66 reason=device-absent crc=6af5e920"
        )
        #expect(
            try line(.init(.released)).hasSuffix("outcome=released exit=0 reason=- crc=1025bbd2")
        )
    }

    @Test("it is written as a line of its own, in one piece")
    func bytes() throws {
        let outcome = try ConsoleOutcome(instance: Self.instance, boot: Self.boot, volumes: [], ending: .init(.mounted))
        #expect(outcome.bytes == Array("\n\(outcome.text)\n".utf8))
    }

    @Test("a person's statuses are refused, all others are failed", arguments: [Int32(1)...255])
    func results(statuses: ClosedRange<Int32>) {
        let refused = statuses.filter { ConsoleOutcome.Ending(failed: $0, reason: nil).result == .refused }
        #expect(refused == [65, 69, 77, 78])
    }

    @Test(
        "without an instance or a boot that is one, there is no line",
        arguments: [
            nil, "", "i-", "unknown", "iid-datasource-none", "i-0123456789abcdef", "i-0123456789ABCDEF0",
            "i-0123456789abcdef0 outcome=mounted", "i-0123456789abcdef\n", "i-01234567\u{e9}", "vol-01234567",
            "0e4f1d5c-1c2b-4a39-8877-66554433221", "0e4f1d5c1c2b4a39887766554433221100aa",
            "0e4f1d5c-1c2b-4a39-8877-66554433221 ",
        ]
    )
    func identity(text: String?) {
        #expect(throws: ConsoleOutcome.Missing.instance) { try line(instance: text) }
        #expect(throws: ConsoleOutcome.Missing.boot) { try line(boot: text) }
    }

    @Test(
        "whatever is put into it, it stays one line of printable words",
        arguments: [
            "", " ", "-", "a b", "a\nb", "\u{1b}[2J", "é", "\u{202e}", "x crc=00000000",
            "\nautoheal-outcome/1 outcome=mounted exit=0 reason=- crc=00000000", String(repeating: "a", count: 10_000),
            "\r", "\u{0}", "MKFS.ext4", "ſ", "K",
        ]
    )
    func hostile(text: String) throws {
        #expect(throws: ConsoleOutcome.Missing.version) { try line(version: "\(text) ") }
        let said = try line(volumes: [text, "vol-\(text)"], .init(failed: 74, reason: text))
        #expect(said.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        let fields = said.split(separator: " ", omittingEmptySubsequences: false)
        #expect(fields.count == 9 && said.utf8.count < 400)
        let reason = fields[7].split(separator: "=", maxSplits: 1)[1]
        #expect(!reason.isEmpty && reason.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) })
        let sum = try #require(UInt32(fields[8].dropFirst(4), radix: 16))
        #expect(sum == crc32(Array(said.utf8.dropLast(13))) && fields[8].utf8.count == 12)
    }

    @Test("what a reason cannot have becomes a dash")
    func slugs() {
        #expect(ConsoleOutcome.slug("mkfs.ext4") == "mkfs-ext4")
        #expect(ConsoleOutcome.slug("  Open (Read/Write) ") == "open-read-write")
        #expect(ConsoleOutcome.slug("\u{1b}é") == "-")
    }
}
