import ArgumentParser
import Logging
import StructuredLogging

/// How and how much is logged; always to standard error or the journal, never to standard output.
struct LoggingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to log: \(Self.formats). (default: auto)",
            discussion:
                "auto is journal, with fields, if standard error is the journal, terminal if it is one, else text.",
            valueName: "format"
        )
    )
    var logFormat: String?

    @Option(help: ArgumentHelp("How much: \(Self.levels). (default: info)", valueName: "level"))
    var logLevel: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Show important lines on /dev/console too. (default: if the log goes to the journal)"
    )
    var logConsole: Bool?

    private static let formats = LogFormat.allCases.map(\.rawValue).joined(separator: ", ")
    private static let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

    func format(default: String?) throws -> LogFormat {
        let name = logFormat ?? `default` ?? LogFormat.auto.rawValue
        guard let format = LogFormat(rawValue: name) else {
            throw ValidationError("--log-format '\(name)' is not one of \(Self.formats).")
        }
        return format
    }

    func level(default: String?) throws -> Logger.Level {
        let name = logLevel ?? `default` ?? Logger.Level.info.rawValue
        guard let level = Logger.Level(rawValue: name) else {
            throw ValidationError("--log-level '\(name)' is not one of \(Self.levels).")
        }
        return level
    }
}
