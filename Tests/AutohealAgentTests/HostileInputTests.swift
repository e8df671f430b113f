import AutohealSpec
import AutohealState
import TestSupport
import Testing

/// Flags that nobody should give: an answer, never a crash and never a hang. Run without root, so that nothing can happen.
@Suite("Hostile flags", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct HostileInputTests {
    private static let flags = [
        "--device", "--mount-point", "--tries", "--interval", "--volume-id", "--filesystem", "--label", "--options",
        "--format", "--owner", "--mode", "--mkfs-options", "--log-format", "--log-level", "--grow", "--no-check",
        "--json",
        "--version", "--help", "--", "-", "-x", "--no-such-flag", "--device=", "",
    ]

    private static let values = [
        "", " ", "\u{1}", "\n", "\u{1B}[2J", "\u{7F}", "\u{202E}", "\u{FEFF}", "😀", "e\u{301}", "'", "\"", "\\",
        "$(id)",
        "`id`", ";", "%s%n%p", "..", "/", "//", "/./..", "/proc/self/mem", "/nowhere/data", "-1", "0", "1", "6", "08",
        "1e308", "-1e308", "nan", "inf", "0x10", "99999999999999999999", "9223372036854775807", "-9223372036854775808",
        "1.5", "1,5", "vol-", "vol-0123456789abcdef0", "vol-" + String(repeating: "f", count: 5000), "ext4", "xfs",
        "ro",
        "rw,,", "a=\"", "X-mount.subdir=/", "if-blank", "never", "root:root", ":", "0777", "99999", "json", "journal",
        "trace", String(repeating: "A", count: 100_000), String(repeating: "/x", count: 4000),
        String(repeating: ",", count: 10_000),
    ]

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `random flags end in an answer`(seed: UInt64) async throws {
        let directory = try ScratchDirectory()
        let agent = Agent(in: directory.path)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<25 {
            var arguments = [["mount", "plan", "probe", "status", ""].randomElement(using: &generator) ?? ""]
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                arguments.append(Self.flags.randomElement(using: &generator) ?? "")
                if Bool.random(using: &generator) {
                    arguments.append(Self.values.randomElement(using: &generator) ?? "")
                }
            }
            // Nothing is there to wait for.
            arguments += ["--tries", "1", "--interval", "0"]
            let run = try await agent.runAsNobody(arguments)
            #expect([0, 64, 65, 66, 69, 73, 74, 77, 78].contains(run.exitCode), "\(arguments)\n\(run)")
        }
    }

    @Test(arguments: values.filter { $0.unicodeScalars.contains { !$0.isASCII || $0.value < 0x20 } || $0.count > 1000 })
    func `a hostile value of any flag is taken or refused, and never printed raw`(value: String) async throws {
        let directory = try ScratchDirectory()
        let agent = Agent(in: directory.path)
        let run = try await agent.runAsNobody(
            ["plan", "--device", "/nowhere/\(value)", "--label=\(value)", "--options=\(value)", "--owner=\(value)"]
        )
        #expect([64, 66, 69, 74, 78].contains(run.exitCode), "\(run)")
        let controls = (run.log + run.output).unicodeScalars.filter {
            ($0.value < 0x20 && $0 != "\n") || $0.value == 0x7F
        }
        #expect(controls.isEmpty)
    }

    @Test(arguments: [
        ["--tries", "0"], ["--tries", "99999999999999999999"], ["--interval", "nan"], ["--interval", "-1"],
        ["--volume-id", "vol-xyz"], ["--label", "seventeen letters"], ["--format", "always"], ["--mode", "8"],
        ["--mount-point", "/usr"], ["--mount-point", "/a/../b"], ["--device", ""], ["--options", "bind"],
        ["--mkfs-options", "-F"], ["--mkfs-options", "/dev/other"], ["--log-level", "loud"],
    ])
    func `what cannot be is a usage error before anything happens`(flags: [String]) async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", flags)
        #expect(run.exitCode == 64, "\(run)")
        #expect(run.log.contains(flags[0]), "\(run)")
        let exists = Files.exists(volume.mountPoint)
        #expect(!exists)
    }
}
