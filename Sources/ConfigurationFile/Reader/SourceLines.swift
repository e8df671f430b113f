/// Where tables and keys stand in the text. The parser does not tell, so this reads headers and keys on its own; it
/// only serves messages, and says nothing where it cannot tell.
struct SourceLines {
    private struct Place: Hashable {
        var table: TableName
        var key: String?
    }

    private var places: [Place: Int] = [:]

    /// Knows no place.
    init() {}

    init(_ outline: Outline) {
        var table = TableName.root
        var volumes = 0
        for statement in outline.statements {
            if statement.text.hasPrefix("[") {
                guard let parts = Self.keyParts(statement.text.drop { $0 == "[" }) else { continue }
                switch parts.joined(separator: ".") {
                case TableName.volumeKey where statement.text.hasPrefix("[["):
                    volumes += 1
                    table = .volume(volumes)
                case let name: table = TableName.single[name] ?? .other(name)
                }
                note(Place(table: table), statement.line)
            } else if var parts = Self.keyParts(statement.text) {
                var owner = table
                if table == .root, parts.count > 1, let dotted = TableName.single[parts[0]] {
                    owner = dotted
                    parts.removeFirst()
                }
                note(Place(table: owner, key: parts.first), statement.line)
            }
        }
    }

    private mutating func note(_ place: Place, _ line: Int) {
        if places[place] == nil { places[place] = line }
    }

    /// The line of a key, or else of its table.
    func line(of key: String? = nil, in table: TableName) -> Int? {
        places[Place(table: table, key: key)] ?? places[Place(table: table)]
            ?? {
                switch table {
                case .volume: places[Place(table: .root, key: TableName.volumeKey)]
                case .agent, .health, .handOver: places[Place(table: .root, key: table.key)]
                case .other(let name): places[Place(table: .root, key: name)]
                case .root: nil
                }
            }()
    }

    /// The parts of a dotted key, bare or quoted (TOML 1.0, "Keys"), up to `=` or `]`; nil if there is none.
    private static func keyParts(_ text: Substring) -> [String]? {
        var rest = text
        var parts: [String] = []
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            let part: Substring
            if let quote = rest.first, quote == "\"" || quote == "'" {
                part = rest.dropFirst().prefix { $0 != quote }
                rest = rest.dropFirst(part.count + 2)
            } else {
                part = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
                rest = rest.dropFirst(part.count)
                guard !part.isEmpty else { return nil }
            }
            parts.append(String(part))
            rest = rest.drop { $0 == " " || $0 == "\t" }
            switch rest.popFirst() {
            case ".": continue
            case "=", "]": return parts
            default: return nil
            }
        }
    }
}
