import Logging

/// One log line before it has a form.
struct LogRecord: Sendable {
    var time: LogTimestamp
    var level: Logger.Level
    var message: String
    /// What belongs to this line.
    var fields: [LogField]
    /// What belongs to every line: the tags of the instance.
    var tags: [LogField]
}
