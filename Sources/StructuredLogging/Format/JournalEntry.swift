import Logging

/// A log line as the journal takes it (systemd.io, "Native Journal Protocol").
///
/// `MESSAGE` carries the message and the line's own fields, since journalctl shows nothing else by default. The tags
/// of the instance are fields only: they say the same on every line of a journal that already names its host.
enum JournalEntry {
    /// Before every metadata key, so that none of them passes for a field with a meaning of its own.
    private static let prefix = "AUTOHEAL_"
    private static let maximumNameLength = 64

    /// The datagram; values longer than the limit, in bytes, are cut and say so.
    ///
    /// - Parameter unit: the program's own. The journal looks up the unit of a sender only when it reads the line, which
    ///   for the last line is too late; `journalctl -u` takes this field for it (systemd.journal-fields(7)).
    static func datagram(
        _ record: LogRecord,
        identifier: String,
        unit: String? = nil,
        valueLimit: Int = .max
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var isCut = false
        func append(_ name: String, _ value: String) {
            let (value, wasCut) = cut(value, to: valueLimit)
            isCut = isCut || wasCut
            Self.append(name, value, to: &bytes)
        }

        append("MESSAGE", TextLog.text(record, fields: record.fields))
        append("PRIORITY", String(SyslogPriority(record.level).rawValue))
        append("SYSLOG_IDENTIFIER", identifier)
        if let unit { append("OBJECT_SYSTEMD_UNIT", unit) }
        for field in record.fields + record.tags {
            append(name(field.key), field.value.text)
        }
        if isCut { Self.append(prefix + "TRUNCATED", "1", to: &bytes) }
        return bytes
    }

    /// `host.id` is `AUTOHEAL_HOST_ID`: only A to Z, digits and underscores, 64 at most.
    static func name(_ key: String) -> String {
        let letters = key.utf8.map { byte -> Character in
            let scalar = Unicode.Scalar(byte)
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            return isPlain ? Character(scalar.properties.uppercaseMapping) : "_"
        }
        return String((prefix + letters).prefix(maximumNameLength))
    }

    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes += name.utf8
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func cut(_ value: String, to limit: Int) -> (value: String, wasCut: Bool) {
        guard value.utf8.count > limit else { return (value, false) }
        var kept = ""
        var length = 0
        for scalar in value.unicodeScalars {
            length += UTF8.width(scalar)
            guard length <= limit else { break }
            kept.unicodeScalars.append(scalar)
        }
        return ("\(kept)... (cut, \(value.utf8.count) bytes in all)", true)
    }
}
