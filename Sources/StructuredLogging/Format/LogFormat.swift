import Glibc
package import SystemPackage

/// How log lines are written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// The journal's own protocol if standard error is the journal, else terminal if it is one, else text.
    case auto
    /// One line with everything, `key=value`, for people and machines.
    case text
    /// Lines for a person who watches: what is the same on every line is said once, at the top.
    case terminal
    /// One JSON object per line.
    case json
    /// The journal's own protocol, with fields.
    case journal

    /// What `auto` means here; any other format is itself.
    package func resolved(
        environment: [String: String],
        standardError: FileDescriptor = .standardError
    ) -> LogFormat {
        guard self == .auto else { return self }
        if JournalStream.isConnected(to: standardError, environment: environment) { return .journal }
        return isatty(standardError.rawValue) == 1 ? .terminal : .text
    }
}
