import ConfigurationFile
import Testing

@Suite("The instance that a configuration file is meant for")
struct StampTests {
    private static let volume = "[[volume]]\ndevice = \"/dev/sdf\"\n"

    private func file(_ text: String) throws -> ConfigurationFile { try ConfigurationFile(parsing: text, file: "f") }

    @Test("A file that names none is meant for every one")
    func none() throws { #expect(try file(Self.volume).instanceID == nil) }

    @Test(
        "It is written over what was there, and all the rest stays as it is",
        arguments: [
            "# Mine\n" + volume, "instance-id = \"i-1\"\n" + volume, "# a\n\n  'instance-id'=  'i-1' # b\n" + volume,
            "agent.log-format = \"json\"\ninstance-id = \"i-1\"\n# c\n" + volume, "\u{FEFF}" + volume,
            "instance-id = \"\"\"\ni-1\"\"\"\n" + volume,
            "# mine\r\ninstance-id = \"i-1\"\r\n\r\n[[volume]]\r\ndevice = \"/dev/sdf\"\r\n",
        ]
    )
    func replaced(text: String) throws {
        let before = try file(text)
        let stamped = try ConfigurationFile.text(text, for: "i-0123456789abcdef0")
        #expect(stamped.ranges(of: "i-0123456789abcdef0").count == 1 && !stamped.contains("i-1"))
        var expected = before
        expected.instanceID = "i-0123456789abcdef0"
        #expect(try file(stamped) == expected)
        #expect(try ConfigurationFile.text(stamped, for: "i-0123456789abcdef0") == stamped)
        expected.instanceID = nil
        #expect(try file(ConfigurationFile.text(stamped, for: nil)) == expected)
    }

    @Test("Comments survive")
    func comments() throws {
        let text = "# Mine\n\n\(Self.volume)# the end\n"
        let stamped = try ConfigurationFile.text(text, for: "i-1")
        #expect(stamped.hasSuffix(text))
        #expect(try ConfigurationFile.text(stamped, for: nil) == text)
    }

    @Test(
        "Comments survive in files of other systems",
        arguments: ["\u{FEFF}# Mine\n", "# Mine\r\ninstance-id = \"i-2\"\r\n"]
    )
    func commentsElsewhere(head: String) throws {
        let stamped = try ConfigurationFile.text(head + Self.volume, for: "i-1")
        #expect(stamped.contains("# Mine") && stamped.hasSuffix(Self.volume) && !stamped.contains("i-2"))
    }

    @Test(
        "A file that is wrong is of one instance, too, if it names one",
        arguments: [
            ("instance-id = \"i-1\"\n[[volume]\n", true), ("[[volume]\n", false), ("# instance-id\n[[volume]\n", false),
        ]
    )
    func wrongFile(text: String, isOfOneInstance: Bool) {
        #expect(ConfigurationFile.isOfOneInstance(text) == isOfOneInstance)
    }

    @Test("Only an id is taken", arguments: ["''", "7", "'a b'", "'é'", "[]"])
    func wrong(value: String) {
        #expect(throws: ConfigurationFileError.self) { try file("instance-id = \(value)\n" + Self.volume) }
    }

    @Test("It belongs to the root")
    func elsewhere() {
        #expect(throws: ConfigurationFileError.self) { try file(Self.volume + "instance-id = 'i-1'\n") }
    }
}
