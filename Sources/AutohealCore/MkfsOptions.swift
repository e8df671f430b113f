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
    private static let alone: Set<String> = ["-j", "-v", "-c"]

    /// Takes words as a shell would pass them, `-O ^has_journal` or `-m0`.
    package init(words: [String]) throws(ConfigurationError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            let option = String(word.prefix(2))
            if Self.alone.contains(word) {
                arguments.append(word)
                continue
            }
            guard option == "-E" || Self.withValue.contains(option) else {
                throw ConfigurationError(
                    key: "mkfs-options",
                    found: word,
                    problem: "is not among the mkfs.ext4 options that may be given: -E, "
                        + Self.withValue.union(Self.alone).sorted().joined(separator: ", ")
                )
            }
            guard let value = word.count > 2 ? String(word.dropFirst(2)) : rest.popFirst(), !value.isEmpty else {
                throw ConfigurationError(key: "mkfs-options", found: word, problem: "needs a value")
            }
            if option == "-E" {
                extended.append(value)
            } else {
                arguments += [option, value]
            }
        }
    }
}
