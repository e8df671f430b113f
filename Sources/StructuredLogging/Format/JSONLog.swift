import Logging

/// Writes one JSON object per line: `time`, `level`, `message`, and the metadata under its dotted keys.
struct JSONLog: LogDestination {
    var output: LogOutput

    private static let ownKeys: Set<String> = ["time", "level", "message"]

    func write(_ record: LogRecord) {
        output.write(Array((line(record) + "\n").utf8))
    }

    func line(_ record: LogRecord) -> String {
        var members = [
            member("time", .text(record.time.description)),
            member("level", .text(record.level.rawValue)),
            member("message", .text(record.message)),
        ]
        for field in record.fields + record.tags {
            // Two members with one name mean different things to different parsers.
            let key = Self.ownKeys.contains(field.key) ? "metadata." + field.key : field.key
            members.append(member(key, field.value))
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private func member(_ key: String, _ value: LogValue) -> String {
        let json =
            switch value {
            case .text(let text): quoted(text)
            case .literal(let text): text
            case .list(let items): "[" + items.map(quoted).joined(separator: ",") + "]"
            }
        return quoted(key) + ":" + json
    }

    /// A JSON string (RFC 8259, section 7), with everything escaped that could harm a terminal too.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where TextEscape.isDangerous(scalar):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
