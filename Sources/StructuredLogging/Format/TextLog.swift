import Logging

/// Writes lines for people: `2026-01-02T03:04:05.678Z INFO mounted step=mount volume.device=/dev/nvme1n1`.
///
/// Consoles and cloud-init-output.log have no clock of their own, so each line begins with the time. The journal has
/// one; there a line begins with its priority instead, which the journal takes off (sd-daemon(3)).
struct TextLog: LogDestination {
    var output: LogOutput
    /// True when the output is the journal, for example because its socket is not to be used.
    var isJournal: Bool

    func write(_ record: LogRecord) {
        output.write(Array((line(record) + "\n").utf8))
    }

    func line(_ record: LogRecord) -> String {
        let start =
            isJournal
            ? "<\(SyslogPriority(record.level).rawValue)>" : "\(record.time) "
        return start + record.level.rawValue.uppercased() + " " + Self.text(record, fields: record.fields + record.tags)
    }

    /// The message and then the fields, in one line whatever they contain.
    static func text(_ record: LogRecord, fields: [LogField]) -> String {
        fields.reduce(into: TextEscape.escaped(record.message)) { text, field in
            text += " \(TextEscape.key(field.key))=\(TextEscape.quoted(field.value.text))"
        }
    }
}
