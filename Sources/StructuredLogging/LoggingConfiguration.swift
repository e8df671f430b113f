import Glibc
package import Logging
package import SystemPackage

/// What the program's log looks like and where it goes; made once, since its loggers share one output.
package struct LoggingConfiguration: Sendable {
    /// Never `auto`: what it means is decided here.
    package let format: LogFormat
    package let level: Logger.Level
    private let tags: InstanceTags
    private let destination: any LogDestination
    /// Shows a volume's progress, in place of what it showed before, or ends it (nil); nil where no terminal can.
    package let display: (@Sendable (_ mountPoint: String, _ text: String?) -> Void)?

    /// The socket of systemd-journald(8).
    package static let journalSocket = "/run/systemd/journal/socket"
    package static let console = "/dev/console"

    /// - Parameters:
    ///   - copiesToConsole: whether important lines go to the console too; nil means "if the log is the journal".
    ///   - namesVolumes: whether a line for a person begins with its mount point, since there are several.
    package init(
        format: LogFormat,
        level: Logger.Level,
        tags: InstanceTags,
        environment: [String: String],
        copiesToConsole: Bool? = nil,
        namesVolumes: Bool = false,
        standardError: FileDescriptor = .standardError,
        journalSocket: String = Self.journalSocket,
        console: String = Self.console,
        identifier: String = "autoheal-agent"
    ) {
        self.format = format.resolved(environment: environment, standardError: standardError)
        self.level = level
        self.tags = tags
        let output = LogOutput(standardError)
        let isJournal = JournalStream.isConnected(to: standardError, environment: environment)
        let text = TextLog(output: output, isJournal: isJournal)
        let terminal = TerminalLog(output: output, namesVolumes: namesVolumes)
        let isForPerson = self.format == .terminal
        if isForPerson { tags.tell { terminal.identify(LogField.fields($0)) } }
        display = isForPerson && output.isTerminal ? terminal.show : nil
        let log: any LogDestination =
            switch self.format {
            case .auto, .text: text
            case .terminal: terminal
            case .json: JSONLog(output: output)
            case .journal:
                JournalLog(
                    socket: JournalSocket(path: journalSocket),
                    identifier: identifier,
                    unit: environment["AUTOHEAL_UNIT"],
                    fallback: text
                )
            }
        let wantsConsole = copiesToConsole ?? (isJournal || self.format == .journal)
        guard wantsConsole, let console = LogOutput(appendingTo: console) else {
            destination = log
            return
        }
        let sender = "\(identifier)[\(getpid())]"
        destination = ConsoleCopy(log: log, console: ConsoleLog(output: console, sender: sender))
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
