import Glibc

/// One line of /proc/self/mountinfo, read by the tests' own code and not by the agent's.
package struct Mounts: Hashable, Sendable {
    package let number: String
    package let target: String
    package let isReadOnly: Bool
    package let type: String
    package let source: String

    /// In the order in which they were made.
    package static func all() -> [Mounts] {
        (Files.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
            let halves = line.split(separator: " - ", maxSplits: 1).map { $0.split(separator: " ") }
            guard halves.count == 2, halves[0].count >= 6, halves[1].count >= 3 else { return nil }
            return Mounts(
                number: String(halves[0][2]),
                target: unescape(halves[0][4]),
                isReadOnly: halves[0][5].split(separator: ",").contains("ro")
                    || halves[1][2].split(separator: ",").contains("ro"),
                type: String(halves[1][0]),
                source: unescape(halves[1][1])
            )
        }
    }

    /// Everything at exactly this path; the last one is visible.
    package static func at(_ target: String) -> [Mounts] { all().filter { $0.target == target } }

    /// Blanks and the like are written as a backslash and three octal digits.
    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
