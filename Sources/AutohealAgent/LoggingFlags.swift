import ArgumentParser
import Logging
import StructuredLogging

/// How and how much is logged; always to standard error or the journal, never to standard output.
struct LoggingFlags: ParsableArguments {
    @Option(
        help:
            "\(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")); auto is journal under systemd, else text.",
        transform: { text in
            guard let format = LogFormat(rawValue: text) else { throw ValidationError("'\(text)' is no log format.") }
            return format
        }
    )
    var logFormat: LogFormat = .auto

    @Option(
        help: "How much: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("'\(text)' is no log level.") }
            return level
        }
    )
    var logLevel: Logger.Level = .info

    func configuration(tags: InstanceTags, environment: [String: String]) -> LoggingConfiguration {
        LoggingConfiguration(format: logFormat, level: logLevel, tags: tags, environment: environment)
    }
}
