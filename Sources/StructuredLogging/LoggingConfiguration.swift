package import Logging
package import SystemPackage

/// What the program's log looks like and where it goes; made once, since its loggers share one output.
package struct LoggingConfiguration: Sendable {
    /// Never `auto`: what it means is decided here.
    package let format: LogFormat
    package let level: Logger.Level
    private let tags: InstanceTags
    private let destination: any LogDestination

    /// The socket of systemd-journald(8).
    package static let journalSocket = "/run/systemd/journal/socket"

    package init(
        format: LogFormat,
        level: Logger.Level,
        tags: InstanceTags,
        environment: [String: String],
        standardError: FileDescriptor = .standardError,
        journalSocket: String = Self.journalSocket,
        identifier: String = "autoheal-agent"
    ) {
        self.format = format.resolved(environment: environment, standardError: standardError)
        self.level = level
        self.tags = tags
        let output = LogOutput(standardError)
        let isJournal = JournalStream.isConnected(to: standardError, environment: environment)
        let text = TextLog(output: output, isJournal: isJournal)
        destination =
            switch self.format {
            case .auto, .text: text
            case .json: JSONLog(output: output)
            case .journal:
                JournalLog(socket: JournalSocket(path: journalSocket), identifier: identifier, fallback: text)
            }
    }

    /// A handler for `Logger(label:factory:)` or `LoggingSystem.bootstrap`.
    package func handler(label: String) -> any LogHandler {
        StructuredLogHandler(logLevel: level, metadataProvider: tags.provider, destination: destination)
    }

    /// A logger whose lines carry the tags of the instance from when they are known.
    package func logger(label: String = "autoheal-agent") -> Logger {
        Logger(label: label, factory: handler(label:))
    }
}
