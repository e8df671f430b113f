import Logging

/// Writes short lines among those of others: `2026-01-02T03:04:05.678Z autoheal-agent[123]: /data: Beginning step=format`.
///
/// Which instance it is is said with the outcome, the last line; everything else is in the journal.
struct ConsoleLog: LogDestination {
    var output: LogOutput
    /// The program, as `autoheal-agent[123]`.
    var sender: String

    func write(_ record: LogRecord) {
        output.write(Array((line(record) + "\n").utf8))
    }

    func line(_ record: LogRecord) -> String {
        let isOutcome = record.special.contains { $0.key == "outcome" }
        let instance = isOutcome ? record.tags.filter { $0.key == "host.id" } : []
        let level = record.levelName.map { $0 + " " } ?? ""
        let volume = record.mountPoint.map { TextEscape.escaped($0) + ": " } ?? ""
        return "\(record.time) \(sender): \(level)\(volume)" + TextLog.text(record, fields: record.special + instance)
    }
}

/// Writes everything to the log, and what an operator must know to the machine's console too: on an instance that nobody
/// can log in to, `aws ec2 get-console-output` is all there is. Its buffer is 64 KiB, so it gets the important lines only.
struct ConsoleCopy: LogDestination {
    var log: any LogDestination
    var console: ConsoleLog

    private static let lowestLevel = Logger.Level.notice

    func write(_ record: LogRecord) {
        log.write(record)
        if record.level >= Self.lowestLevel { console.write(record) }
    }
}
