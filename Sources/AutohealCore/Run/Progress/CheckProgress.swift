/// How far an e2fsck is, as it says with `-C` (e2fsck(8)): `PASS DONE TOTAL NAME`.
///
/// The name is the label or the path, in which it replaces spaces and colons; all that it says of a file system begins with
/// the name and a colon, or has more words.
package struct CheckProgress: Hashable, Sendable {
    /// 0 to 1.
    package let share: Double

    /// Percent of the time at which each pass ends, as e2fsck has it for its own bar (e2fsck/unix.c).
    private static let ends: [Double] = [0, 70, 90, 92, 95, 100]

    /// - Returns: nil for a line that says something else.
    package init?(line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 4, !words[3].isEmpty, !words[3].contains(":"), let pass = Int(words[0]),
            (1..<Self.ends.count).contains(pass), let done = UInt64(words[1]), let total = UInt64(words[2])
        else { return nil }
        let part = total == 0 ? 0 : Double(min(done, total)) / Double(total)
        share = (Self.ends[pass - 1] + (Self.ends[pass] - Self.ends[pass - 1]) * part) / 100
    }
}
