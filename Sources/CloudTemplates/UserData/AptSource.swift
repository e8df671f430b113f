/// A signed apt repository with a pinned version of the package (sources.list(5), deb822 style).
package struct AptSource: Hashable, Sendable {
    package let uri: PackageURL
    package let suite: String
    package let components: [String]
    /// The public key that signs the repository, ASCII-armoured.
    package let key: String
    package let version: String

    /// - Parameter source: `URI SUITE COMPONENT...`, as on a line of sources.list after `deb`.
    package init(source: String, key: String, version: String) throws(GenerationError) {
        let words = source.split(separator: " ").map(String.init)
        guard let first = words.first, words.count >= 3 || (words.count == 2 && words[1].hasSuffix("/")) else {
            throw GenerationError(
                "The apt source '\(source)' is not 'URI SUITE COMPONENT...', for example "
                    + "'https://packages.example.com/debian bookworm main'."
            )
        }
        uri = try PackageURL(first, what: "URI of the apt source")
        guard words.dropFirst().allSatisfy({ $0.utf8.allSatisfy(Self.isNameByte) }) else {
            throw GenerationError(
                "Suite and components of the apt source '\(source)' may contain letters, digits and -._/ only."
            )
        }
        suite = words[1]
        components = Array(words.dropFirst(2))
        guard key.hasPrefix("-----BEGIN PGP PUBLIC KEY BLOCK-----"), key.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw GenerationError(
                "The apt key is not an ASCII-armoured public key: export it with 'gpg --armor --export KEY'."
            )
        }
        self.key = key.hasSuffix("\n") ? key : key + "\n"
        guard let start = version.utf8.first, (48...57).contains(start), version.utf8.allSatisfy(Self.isVersionByte)
        else {
            throw GenerationError(
                version.isEmpty
                    ? "An apt source needs a pinned version: an instance months from now must get the same package."
                    : "'\(version)' is not a version of a Debian package, such as 0.1.0-1."
            )
        }
        self.version = version
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isVersionByte(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "_")
    }

    /// Debian Policy, "Version": letters, digits and `.+-~:`.
    private static func isVersionByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: ".+-~:".utf8.contains(byte)
        }
    }

    private static let keyPath = "/etc/apt/keyrings/autoheal-agent.asc"
    static let sourcePath = "/etc/apt/sources.list.d/autoheal-agent.sources"

    var files: [UserDataFile] {
        let fields = [
            "Types: deb", "URIs: \(uri)", "Suites: \(suite)",
            components.isEmpty ? nil : "Components: \(components.joined(separator: " "))", "Signed-By: \(Self.keyPath)",
        ]
        return [
            UserDataFile(path: Self.keyPath, content: key),
            UserDataFile(
                path: Self.sourcePath,
                content: lines(fields.compactMap(\.self))
            ),
            // Above 1000, so that it holds even where the repository goes back (apt_preferences(5)).
            UserDataFile(
                path: "/etc/apt/preferences.d/autoheal-agent",
                content: lines(["Package: autoheal-agent", "Pin: version \(version)", "Pin-Priority: 1001"])
            ),
        ]
    }

    private func lines(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }
}
