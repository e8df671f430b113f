/// The statements of a TOML text, and what the parser must not be given.
///
/// toml++ 3.4.0, which TOMLKit 0.6.0 carries, ends the process on an assertion for three kinds of wrong text: a table
/// header that does not begin with a name, a `}` where an element of an array is due, and characters beyond ASCII
/// outside strings. This finds them first. It follows strings and comments as TOML 1.0 does.
struct Outline {
    /// A line that begins a header or a key, from its first visible character.
    struct Statement {
        var line: Int
        var text: Substring
    }

    struct Defect: Hashable {
        var line: Int
        var text: String
    }

    private(set) var statements: [Statement] = []
    private(set) var defect: Defect?

    private var line = 1
    private var depth = 0
    private var lastVisible = UInt8(ascii: "\n")

    init(_ text: String) {
        let byteOrderMark = Substring("\u{FEFF}").utf8
        var rest = Substring(text).utf8
        if rest.starts(with: byteOrderMark) { rest.removeFirst(byteOrderMark.count) }
        var isLineStart = true
        while let byte = rest.first, defect == nil {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): rest.removeFirst()
            case UInt8(ascii: "\n"):
                line += 1
                isLineStart = true
                rest.removeFirst()
            case UInt8(ascii: "#"): rest = rest.drop { $0 != UInt8(ascii: "\n") }
            default:
                if isLineStart, depth == 0 { begin(Substring(rest.prefix { $0 != UInt8(ascii: "\n") })) }
                isLineStart = false
                take(byte, from: &rest)
                lastVisible = byte
            }
        }
    }

    private mutating func begin(_ statement: Substring) {
        statements.append(Statement(line: line, text: statement))
        guard statement.hasPrefix("[") else { return }
        let name = statement.dropFirst(statement.hasPrefix("[[") ? 2 : 1).drop { $0 == " " || $0 == "\t" }
        guard let first = name.utf8.first, Self.isBareKey(first) || Self.isQuote(first) else {
            defect = Defect(line: line, text: "a table header must begin with a name, as in [agent] or [[volume]]")
            return
        }
    }

    private mutating func take(_ byte: UInt8, from rest: inout Substring.UTF8View) {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "}") where [UInt8(ascii: "["), UInt8(ascii: ",")].contains(lastVisible):
            defect = Defect(line: line, text: "a value is expected before '}'")
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
        case 0x80...:
            defect = Defect(line: line, text: "only ASCII characters may stand outside strings and comments")
        case _ where Self.isQuote(byte):
            skipString(byte, from: &rest)
            return
        default: break
        }
        rest.removeFirst()
    }

    /// Takes a string with its quotes; one that is not closed ends with its line, or with the text if it is multi-line.
    private mutating func skipString(_ quote: UInt8, from rest: inout Substring.UTF8View) {
        let fence = [quote, quote, quote]
        let isMultiline = rest.starts(with: fence)
        rest.removeFirst(isMultiline ? 3 : 1)
        while let byte = rest.first {
            if byte == quote, !isMultiline || rest.starts(with: fence) {
                // Up to two quotes may stand before the three that close.
                let quotes = isMultiline ? min(5, rest.prefix { $0 == quote }.count) : 1
                rest.removeFirst(quotes)
                return
            }
            if byte == UInt8(ascii: "\n") {
                guard isMultiline else { return }
                line += 1
            }
            rest.removeFirst()
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = rest.first,
                escaped != UInt8(ascii: "\n")
            {
                rest.removeFirst()
            }
        }
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func isBareKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
