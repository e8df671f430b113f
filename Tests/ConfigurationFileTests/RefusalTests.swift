import ConfigurationFile
import Testing

@Suite("A configuration file that cannot be")
struct RefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var text: String
        var expected: String
        var testDescription: String { expected }
    }

    private static let volume = "[[volume]]\ndevice = '/dev/sdf'\n"

    static let cases = [
        Case(
            text: volume + "mount_point = '/data'",
            expected: "c:3: [[volume]] number 1: 'mount_point' is not a key: did you mean 'mount-point'? Allowed:"
        ),
        Case(
            text: volume + "colour = 'red'",
            expected: "c:3: [[volume]] number 1: 'colour' is not a key. Allowed: device, mount-point, tries, interval,"
        ),
        Case(
            text: volume + "mode = 750",
            expected: "c:3: [[volume]] number 1: mode must be a string in quotes, such as \"0750\", not an integer."
        ),
        Case(
            text: volume + "tries = '6'",
            expected: "c:3: [[volume]] number 1: tries must be an integer without quotes, such as 6, not a string."
        ),
        Case(
            text: volume + "grow = 'no'",
            expected: "c:3: [[volume]] number 1: grow must be true or false, without quotes, not a string."
        ),
        Case(
            text: volume + "format = 'always'",
            expected: "c:3: [[volume]] number 1: format 'always' is not one of if-blank, if-no-signature, never."
        ),
        Case(
            text: volume + "interval = -1",
            expected: "c:3: [[volume]] number 1: interval '-1.0' must be from 0 to 86400 seconds."
        ),
        Case(text: volume + "interval = nan", expected: "interval 'nan' must be from 0 to 86400 seconds."),
        Case(
            text: volume + "[health]\nlisten = 'localhost:80'",
            expected: "c:4: [health]: listen 'localhost:80' is not an address and a port, such as 0.0.0.0:9465"
        ),
        Case(text: volume + "[health]\nlisten = '0.0.0.0:65536'", expected: "is not an address and a port"),
        Case(
            text: volume + "[health]\ninterval = 0",
            expected: "c:4: [health]: interval '0' must be from 0.001 to 86400"
        ),
        Case(
            text: volume + "[health]\nstart-limit = nan",
            expected: "start-limit 'nan' must be from 0 to 604800 seconds."
        ),
        Case(
            text: volume + "[hand-over]\non = ['terminate', 'spott']",
            expected: "c:4: [hand-over]: on 'spott' is not one of terminate, spot"
        ),
        Case(text: volume + "[hand-over]\nwait = -1", expected: "wait '-1' must be from 0 to 86400 seconds."),
        Case(text: volume + "[handover]\nwait = 1", expected: "did you mean 'hand-over'?"),
        Case(text: volume + "[health]\nfree-percent = 51", expected: "free-percent '51' must be from 0 to 50."),
        Case(
            text: volume + "[health]\nrequire-services = ['-H=x.service']",
            expected: "require-services '-H=x.service' is not the name of a unit"
        ),
        Case(
            text: volume + "[health]\nrequire-services = 'postgresql'",
            expected: "'postgresql' is not the name of a unit"
        ),
        Case(
            text: volume + "[health]\nrequire-url = 'https://127.0.0.1/'",
            expected: "require-url 'https://127.0.0.1/' is not http://ADDRESS[:PORT]/PATH"
        ),
        Case(
            text: volume + "[health]\nrequire-url = 'http://example.com/'",
            expected: "is not http://ADDRESS[:PORT]/PATH"
        ),
        Case(
            text: volume + "[health]\nrequire-url = 'http://127.0.0.1:99999999999999999999/'",
            expected: "is not http://ADDRESS[:PORT]/PATH"
        ),
        Case(text: volume + "health = 1", expected: "'health' is not a key"),
        Case(text: "health = 1\n" + volume, expected: "c:1: health must be a table, written [health]."),
        Case(
            text: "listen = 'x'\n" + volume,
            expected: "c:1: 'listen' belongs to the watcher: write it below [health]."
        ),
        Case(text: volume + "mkfs-options = ['-m', 0]", expected: "mkfs-options must be a string or an array"),
        Case(text: "# c\n\n[[volume]]\nlabel = 'x'", expected: "c:3: [[volume]] number 1: device is missing"),
        Case(
            text: volume + "[[volume]]\ndevice = '/dev/xvdf'\nmount-point = '/other'",
            expected: "c:4: [[volume]] number 2: device '/dev/xvdf' is the same slot as '/dev/sdf'"
        ),
        Case(
            text: volume + "[[volume]]\ndevice = '/dev/sdg'\nmount-point = '/data/'",
            expected: "c:5: [[volume]] number 2: mount-point '/data' is that of [[volume]] number 1 too"
        ),
        Case(
            text: volume + "[[volume]]\ndevice = '/dev/sdg'\nmount-point = '/data/wal'",
            expected: "c:5: [[volume]] number 2: mount-point '/data/wal' and '/data' of [[volume]]"
        ),
        Case(
            text: volume + "volume-id='vol-01234567'\n[[volume]]\ndevice='/dev/sdg'\nvolume-id='vol-01234567'",
            expected: "c:6: [[volume]] number 2: volume-id 'vol-01234567' is that of [[volume]] number 1 too"
        ),
        Case(text: "[volume]\ndevice = '/dev/sdf'", expected: "c:1: [volume]: volume must be an array of tables"),
        Case(text: "device = '/dev/sdf'", expected: "c:1: 'device' belongs to a volume: write it below [[volume]]."),
        Case(text: "log-level = 'info'", expected: "c:1: 'log-level' belongs to the agent: write it below [agent]."),
        Case(text: "[agnet]\n", expected: "c:1: [agnet]: 'agnet' is not a key: did you mean 'agent'?"),
        Case(text: "[[volumes]]\n", expected: "c:1: [volumes]: 'volumes' is not a key: did you mean 'volume'?"),
        Case(text: "agent = 1", expected: "c:1: agent must be a table, written [agent]."),
        Case(
            text: "agent.log-format = 'jsn'",
            expected:
                "c:1: [agent]: log-format 'jsn' is not one of auto, text, terminal, json, journal: did you mean 'json'?"
        ),
        Case(
            text: "[agent]\nmetadata-endpoint = 'https://127.0.0.1'",
            expected: "c:2: [agent]: metadata-endpoint 'https://127.0.0.1' is not http://ADDRESS[:PORT][/PREFIX]"
        ),
        Case(text: volume + "device = '/dev/sdg'", expected: "c:3: This is not TOML: "),
        Case(text: volume + "mode = 0750", expected: "c:3: This is not TOML: "),
        Case(
            text: "[agent]\n[#]",
            expected: "c:2: This is not TOML: a character of this line cannot stand where it does."
        ),
        Case(text: "[\n", expected: "c:1: This is not TOML: a character of this line cannot stand where it does."),
        Case(text: "a = [ 'x', }", expected: "c:1: This is not TOML: a character of this line cannot stand"),
        Case(text: "a = [\u{2028}]", expected: "c:1: This is not TOML: a character of this line cannot stand"),
        Case(
            text: "# é\n\na = 1979-05-27tx:00 # é",
            expected: "c:3: This is not TOML: a character of this line cannot stand"
        ),
        Case(
            text: "agent.\"log-format\" = 'json'\n\"agent\" . 'log-level' = 'inf'",
            expected: "c:2: [agent]: log-level 'inf' is not one of"
        ),
        Case(
            text: "volume = [\n  {device = '/dev/sdf'},\n  {device = '/dev/sdg', mount-point = '/a', tires = 1},\n]",
            expected: "c:3: [[volume]] number 2: 'tires' is not a key"
        ),
        Case(text: volume + "label = \"a\\u0000b\"", expected: "c: The file contains a NUL character."),
        Case(text: volume + "label = '''\n\n[agent]\n'''\ntires = 1", expected: "c:7: [[volume]] number 1: 'tires'"),
    ]

    @Test("is refused with file, line, key and the allowed values", arguments: cases)
    func refused(_ refused: Case) throws {
        let error = try #require(throws: ConfigurationFileError.self) {
            try ConfigurationFile(parsing: refused.text, file: "c")
        }
        #expect("\(error)".contains(refused.expected), "\(error)")
    }

    @Test("names everything that is wrong at once, in the order of the file")
    func everything() throws {
        let error = try #require(throws: ConfigurationFileError.self) {
            try ConfigurationFile(parsing: "[[volume]]\nzebra = 1\nlabel = 2\n\r\n[agent]\r\nalpha = 3\r\n", file: "c")
        }
        guard case .problems(let problems) = error.cause else {
            Issue.record("\(error)")
            return
        }
        #expect(problems.map(\.key) == ["zebra", "label", "alpha"])
        #expect(problems.map(\.line) == [2, 3, 6])
    }

    @Test("Arbitrary text ends in a value or an error")
    func arbitrary() {
        var generator = SplitMix(state: 7)
        let pieces = [
            "[", "]", "[[volume]]", "[agent]", "\n", "=", "\"", "'''", "device", ".", "/dev/sdf", "1", "{", "}", ",",
            "#", "\\u0000", "é", "\u{2028}", "\u{A0}", "\r", "\t", "true", "-", " ", "\"\"\"", "inf", "1979-05-27", ":",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<14, using: &generator)
            let text = (0..<count).compactMap { _ in pieces.randomElement(using: &generator) }.joined()
            _ = try? ConfigurationFile(parsing: text, file: "c")
        }
    }
}

/// A generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
