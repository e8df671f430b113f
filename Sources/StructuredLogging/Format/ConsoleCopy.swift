import Logging

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
