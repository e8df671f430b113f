import CTOMLOutline

/// Where tables and keys stand in a TOML text, and what keeps it from being one.
///
/// TOMLKit 0.6.0 tells no positions, and its parser, toml++ 3.4.0, ends the process for some wrong texts; CTOMLOutline asks the
/// same parser for both, so that nothing here reads TOML on its own.
struct Outline {
    private struct Place: Hashable {
        var table: TableName
        var key: String?
    }

    private var lines: [Place: Int] = [:]
    /// What is wrong; only a text without it may be given to TOMLKit.
    private(set) var defect: (line: Int?, text: String)?

    /// Knows no place.
    init() {}

    init(_ text: String) {
        var text = text
        withUnsafeMutablePointer(to: &self) { outline in
            text.withUTF8 { bytes in
                ctoml_outline(
                    UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    bytes.count,
                    outline,
                    { outline, key, number, inner, line in
                        guard let outline, let key else { return }
                        outline.assumingMemoryBound(to: Outline.self).pointee.note(
                            String(cString: key),
                            number: number,
                            inner: inner.map { String(cString: $0) },
                            line: line
                        )
                    },
                    { outline, reason, line in
                        guard let outline, let reason else { return }
                        outline.assumingMemoryBound(to: Outline.self).pointee.defect = (
                            line > 0 ? line : nil, String(cString: reason)
                        )
                    }
                )
            }
        }
    }

    private mutating func note(_ key: String, number: Int, inner: String?, line: Int) {
        let table = key == TableName.volumeKey && number > 0 ? .volume(number) : TableName.single[key] ?? .other(key)
        if number == 0, inner == nil { lines[Place(table: .root, key: key)] = line }
        let place = Place(table: table, key: inner)
        lines[place] = min(line, lines[place] ?? line)
    }

    /// The line of a key, or else of its table.
    func line(of key: String? = nil, in table: TableName) -> Int? {
        lines[Place(table: table, key: key)] ?? lines[Place(table: table)]
    }
}
