/// Extra arguments for mkfs.ext4, with its extended options (`-E`) kept apart, because mkfs takes only the last `-E`.
package struct MkfsOptions: Hashable, Sendable {
    package private(set) var arguments: [String] = []
    package private(set) var extended: [String] = []

    package static let none = MkfsOptions()

    private init() {}

    /// Options of mke2fs(8) that take a value and say how the file system is laid out.
    private static let withValue: Set<String> = [
        "-b", "-C", "-g", "-G", "-i", "-I", "-J", "-m", "-M", "-N", "-o", "-O", "-r", "-T", "-e",
    ]
    private static let alone: Set<String> = ["-j", "-v"]

    /// Takes words as a shell would pass them, `-O ^has_journal` or `-m0`.
    package init(words: [String]) throws(ConfigurationError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            let option = String(word.prefix(2))
            if Self.alone.contains(word) {
                arguments.append(word)
                continue
            }
            if let contradiction = Self.contradiction(option) { throw Self.error(word, contradiction) }
            guard option == "-E" || Self.withValue.contains(option) else {
                throw Self.error(
                    word,
                    "is not among the mkfs.ext4 options that may be given: -E, "
                        + Self.withValue.union(Self.alone).sorted().joined(separator: ", ")
                )
            }
            guard let value = word.count > 2 ? String(word.dropFirst(2)) : rest.popFirst(), !value.isEmpty else {
                throw Self.error(word, "needs a value")
            }
            // As e2fsprogs reads features: with white space between them as well, in any case, and perhaps a sign.
            let isFeatures = option == "-O"
            for part in value.split(whereSeparator: { $0 == "," || isFeatures && $0.isWhitespace }) {
                let word = isFeatures ? part.lowercased().drop { $0 == "+" } : part
                if let contradiction = Self.contradiction(option, String(word)) {
                    throw Self.error("\(option) \(part)", contradiction)
                }
            }
            if option == "-E" {
                extended.append(value)
            } else {
                arguments += [option, value]
            }
        }
    }

    /// Words that give the same options again.
    package var words: [String] { arguments + extended.flatMap { ["-E", $0] } }

    /// Bytes, if they are given; the last one counts.
    package var blockSize: UInt64? {
        var size: UInt64?
        var rest = arguments[...]
        // In pairs: a value may look like an option.
        while let option = rest.popFirst() {
            guard !Self.alone.contains(option), let value = rest.popFirst() else { continue }
            if option == "-b" { size = UInt64(value) }
        }
        return size
    }

    /// Why an option cannot be: the file system is made in memory and written, block by block, where the device was proven
    /// blank, so what reads or writes the device otherwise has no place.
    private static func contradiction(_ option: String, _ value: String? = nil) -> String? {
        switch (option, value) {
        case ("-c", _), ("-l", _):
            "looks for bad blocks on the device: a format writes what was proven blank, and nothing else"
        case ("-J", .some(let value)) where value.hasPrefix("device="),
            ("-O", .some(let value)) where value == "journal_dev":
            "has the journal on another device, which this agent neither proves blank nor waits for"
        case ("-O", .some(let value)) where value == "mmp":
            "has a block that is never made the same twice, so that a format that is cut short could not be finished"
        case ("-E", .some(let value)) where value.hasPrefix("offset="):
            "begins the file system elsewhere than at the start of the device"
        case ("-E", "discard"):
            "discards the device's blocks: a blank device has nothing to discard"
        case ("-E", .some(let value)) where ["lazy_itable_init=0", "lazy_journal_init=0"].contains(value):
            "writes zeros over what was proven zero: leave it out"
        default: nil
        }
    }

    private static func error(_ found: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(key: "mkfs-options", found: found, problem: problem)
    }
}

extension MkfsOptions: Codable {
    /// From ``words``, checked as if a person had given them.
    package init(from decoder: any Decoder) throws {
        try self.init(words: decoder.singleValueContainer().decode([String].self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(words)
    }
}
