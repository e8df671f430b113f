import ArgumentParser
import Logging

/// How and how much is logged; always to standard error or the journal, never to standard output.
struct LoggingFlags: ParsableArguments {
    @Option(
        help: "How much: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("'\(text)' is no log level.") }
            return level
        }
    )
    var logLevel: Logger.Level = .info

    func logger(environment: [String: String]) -> Logger {
        var logger = Logger(label: "autoheal-agent", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = logLevel
        return logger
    }
}
