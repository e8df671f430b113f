package import SystemPackage

/// How log lines are written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// The journal's own protocol if standard error is the journal, else text.
    case auto
    /// One line for people.
    case text
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
        return JournalStream.isConnected(to: standardError, environment: environment) ? .journal : .text
    }
}
