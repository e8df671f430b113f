/// Mount options as fstab(5) writes them: comma-separated, values may be quoted.
package struct MountOptions: Hashable, Sendable, CustomStringConvertible {
    /// Options that change what is mounted or where, instead of how.
    private static let refused: Set<String> = [
        "bind", "rbind", "move", "remount", "loop", "offset", "sizelimit", "X-mount.subdir", "x-mount.mkdir",
        "X-mount.mkdir", "X-mount.owner", "X-mount.group", "X-mount.mode", "X-mount.idmap", "encryption",
    ]

    /// Whether an option, with its value or without, is none of a plain mount.
    package static func isRefused(_ option: some StringProtocol) -> Bool {
        let name = String(option.prefix { $0 != "=" })
        return refused.contains(name) || name.hasPrefix("verity.")
    }

    package let description: String
    private let list: [Substring]

    package init(_ text: String) throws(ConfigurationError) {
        description = text
        list = Self.split(text)
        let isClosed = text.utf8.count { $0 == UInt8(ascii: "\"") }.isMultiple(of: 2)
        guard isClosed, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ConfigurationError(
                key: "options",
                found: text,
                problem: "has an unclosed quote or a control character"
            )
        }
        // In fstab(5) a space ends the field, and the kernel would take it for a part of the option's name.
        guard !text.contains(" ") else {
            throw ConfigurationError(
                key: "options",
                found: text,
                problem: "has a space: separate options by a comma alone, as in nofail,noatime"
            )
        }
        guard text.isEmpty || !list.contains("") else {
            throw ConfigurationError(key: "options", found: text, problem: "has an empty option")
        }
        for option in list {
            let name = option.prefix { $0 != "=" }
            // libmount knows ro=vfs, ro=fs and ro=recursive: whether they let anything be written, each layer says for itself.
            if ["ro", "rw"].contains(name), name != option {
                throw ConfigurationError(
                    key: "options",
                    found: String(option),
                    problem: "must be \(name) alone"
                )
            }
            if Self.isRefused(option) {
                throw ConfigurationError(
                    key: "options",
                    found: String(option),
                    problem: "is not an option of a plain mount"
                )
            }
        }
    }

    private init() {
        description = ""
        list = []
    }

    package static let none = MountOptions()

    /// The options one by one, values and quotes as they are written; none for an empty text.
    package static func split(_ text: String) -> [Substring] {
        var quoted = false
        return text.isEmpty
            ? []
            : text.split(omittingEmptySubsequences: false) { character in
                if character == "\"" { quoted.toggle() }
                return character == "," && !quoted
            }
    }

    /// The last of `ro` and `rw` counts. The agent then writes nothing to the device.
    package var isReadOnly: Bool { list.last { $0 == "ro" || $0 == "rw" } == "ro" }

    /// Whether the kernel is asked not to replay the journal (ext4(5), xfs(5)); never added by the agent, because files may
    /// be missing then.
    package var skipsRecovery: Bool { list.contains("noload") || list.contains("norecovery") }
}
