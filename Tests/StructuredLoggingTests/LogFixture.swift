import Logging

@testable import StructuredLogging

extension LogRecord {
    /// A line of one moment, the first one of 2026 that has every digit in its place.
    init(
        _ message: String = "mounted",
        level: Logger.Level = .info,
        _ metadata: Logger.Metadata = [:],
        tags: Logger.Metadata = [:],
        ofLogger: Logger.Metadata = [:]
    ) {
        self.init(
            time: LogTimestamp(seconds: 1_767_323_045, milliseconds: 67),
            level: level,
            message: message,
            fields: LogField.fields(metadata.merging(ofLogger) { given, _ in given }),
            given: LogField.fields(metadata),
            tags: LogField.fields(tags)
        )
    }
}

/// Text that tries to be more than a value.
let injections = [
    "a\nINFO forged line", "a\r\nb", "\u{1B}[2J\u{1B}]0;title\u{7}", "\u{85}next", "\u{2028}line\u{2029}paragraph",
    "\u{202E}desrever", "\u{200B}", "\u{FEFF}", "a\" outcome=\"ok", "\\", "\"", "a=b c=d", "", " ", "\0", "\u{7F}",
    "\u{9B}31m", "\t", "{\"a\":1}", "é", "日本語", "👩‍👩‍👧", "\u{E000}", "\u{10FFFF}", "MESSAGE=forged\nPRIORITY=0",
]
