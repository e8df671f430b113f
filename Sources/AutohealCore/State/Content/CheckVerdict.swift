/// What a run of `e2fsck -p` says about a file system (e2fsck(8), "EXIT CODE"; its words are those of the C locale).
package enum CheckVerdict: Hashable, Sendable {
    /// Clean, or made so.
    case sound
    /// Errors that only a person may repair.
    case uncorrected(exitCode: Int32)
    /// The file system was made by newer tools; the kernel may know what this e2fsck does not. Its sentence.
    case unknownFeature(String)
    /// Multi-mount protection says that another host has it. Its sentence.
    case activeElsewhere(String)
    /// It was mounted or opened since the last look. Its sentence.
    case inUse(String)
    /// It could not do its work: why.
    case failed(String)

    private static let uncorrectedBit: Int32 = 4
    private static let operationalErrorBit: Int32 = 8

    /// - Parameters:
    ///   - exitCode: nil if a signal ended it.
    ///   - lines: what it printed.
    package init(exitCode: Int32?, lines: [String]) {
        let said = lines.suffix(5).joined(separator: " / ")
        guard let exitCode else {
            self = .failed("it was killed: \(said)")
            return
        }
        func line(_ isMeant: (String) -> Bool) -> String? {
            guard exitCode & Self.operationalErrorBit != 0 else { return nil }
            return lines.first(where: isMeant)
        }
        if (0...2).contains(exitCode) {
            self = .sound
        } else if line({ $0.contains("Get a newer version of e2fsck") }) != nil {
            // With a feature that does not forbid to write, it also says that errors are left: it looked for none.
            self = .unknownFeature(lines.first { $0.contains("unsupported feature") } ?? said)
        } else if let sentence = line({ $0.contains("MMP:") }) {
            self = .activeElsewhere(sentence)
        } else if let sentence = line({ $0.hasSuffix(" is mounted.") || $0.hasSuffix(" is in use.") }) {
            self = .inUse(sentence)
        } else if exitCode & ~(Self.uncorrectedBit | 3) == 0 {
            self = .uncorrected(exitCode: exitCode)
        } else {
            self = .failed("exit code \(exitCode): \(said)")
        }
    }
}
