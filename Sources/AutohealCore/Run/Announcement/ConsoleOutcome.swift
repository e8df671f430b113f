package import AutohealSpec

/// What the machine's console says of the end of a run to whoever reads it from outside ("GetConsoleOutput"): one line,
/// made of checked fields alone, so that no text of a disk or a file can be a part of it.
package struct ConsoleOutcome: Hashable, Sendable {
    /// The line without its breaks: printable ASCII, in words that a blank separates.
    package let text: String

    package enum Result: String, CaseIterable, Sendable {
        /// Every volume is mounted, and verified.
        case mounted
        /// Only a person can mend it.
        case refused
        case failed
        /// Every volume is unmounted and clean.
        case released
    }

    /// A field without which nothing can be said.
    package enum Missing: Error, Hashable, Sendable {
        case instance
        case boot
        case version
    }

    /// - Parameters:
    ///   - instance: `i-` and 8 or 17 hexadecimal digits; nil if it is not known.
    ///   - boot: the kernel's boot_id (random(4)); nil if it is not known.
    ///   - volumes: in any order; none is written as `-`.
    ///   - reason: any text; what a slug cannot have becomes a dash, and none is written as `-`.
    package init(
        version: String = agentVersion,
        instance: String?,
        boot: String?,
        volumes: [VolumeID],
        ending: Ending
    ) throws(Missing) {
        guard let instance, Self.isInstance(instance) else { throw .instance }
        guard let boot, Self.isBoot(boot) else { throw .boot }
        guard Self.isVersion(version) else { throw .version }
        let ids = Set(volumes.map(\.description)).sorted().joined(separator: ",")
        let fields = [
            "autoheal-outcome/1", "version=\(version)", "instance=\(instance)", "boot=\(boot)",
            "volumes=\(ids.isEmpty ? "-" : ids)", "outcome=\(ending.result.rawValue)", "exit=\(ending.exit)",
            "reason=\(Self.slug(ending.reason ?? "-"))",
        ]
        let line = fields.joined(separator: " ")
        text = "\(line) crc=\(Self.hexadecimal(crc32(Array(line.utf8))))"
    }

    /// How it ended.
    package struct Ending: Hashable, Sendable {
        package let result: Result
        /// The agent's exit status.
        package let exit: Int32
        package let reason: String?

        package init(_ result: Result, exit: Int32 = 0, reason: String? = nil) {
            self.result = result
            self.exit = exit
            self.reason = reason
        }

        /// Of a run that failed.
        package init(failed exit: Int32, reason: String?) {
            let isForPerson = [65, 69, 77, 78].contains(exit)
            self.init(isForPerson ? .refused : .failed, exit: exit, reason: reason)
        }
    }

    /// The bytes of the one write(2): it begins a line, whatever somebody else has left there.
    package var bytes: [UInt8] { Array("\n\(text)\n".utf8) }

    /// As a slug, `[a-z0-9-]+`: of what cannot be one, as much as can.
    package static func slug(_ text: String) -> String {
        let words = text.utf8.prefix(longestSlug).split { !isLetterOrDigit(lowercased($0)) }
        let slug = words.map { String(decoding: $0.map(lowercased), as: UTF8.self) }.joined(separator: "-")
        return slug.isEmpty ? "-" : slug
    }

    private static let longestSlug = 64

    private static func lowercased(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (97...102).contains(byte) || (48...57).contains(byte)
    }

    /// Whether a text is the id of an instance of EC2.
    package static func isInstance(_ text: String) -> Bool {
        let digits = text.utf8.dropFirst(2)
        return text.utf8.starts(with: "i-".utf8) && [8, 17].contains(digits.count) && digits.allSatisfy(isHexadecimal)
    }

    private static func isBoot(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(isHexadecimal) }
    }

    private static func isVersion(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || [UInt8(ascii: "."), UInt8(ascii: "-")].contains($0) }
    }

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}
