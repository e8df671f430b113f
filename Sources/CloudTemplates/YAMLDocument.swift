import Yams

/// A YAML mapping with comments, which the encoder itself knows nothing of: every value is written by Yams, keys and
/// comments are placed here.
struct YAMLDocument {
    struct Entry {
        var key: String
        var comment: String?
        var value: Value
    }

    enum Value {
        case node(Node)
        case document(YAMLDocument)
    }

    private var entries: [Entry] = []

    mutating func append(_ key: String, _ node: Node, comment: String? = nil) {
        entries.append(Entry(key: key, comment: comment, value: .node(node)))
    }

    mutating func append(_ key: String, _ document: YAMLDocument, comment: String? = nil) {
        entries.append(Entry(key: key, comment: comment, value: .document(document)))
    }

    func text() throws(GenerationError) -> String {
        do {
            return try lines().map { $0 + "\n" }.joined()
        } catch {
            throw GenerationError("The YAML text cannot be written: \(error).")
        }
    }

    private func lines() throws -> [Substring] {
        try entries.enumerated().flatMap { index, entry in
            let comment = entry.comment.map { $0.split(separator: "\n").map { "# \($0)"[...] } } ?? []
            let gap: [Substring] = comment.isEmpty || index == 0 ? [] : [""]
            return gap + comment + (try Self.lines(of: entry))
        }
    }

    private static func lines(of entry: Entry) throws -> [Substring] {
        switch entry.value {
        case .node(let node):
            let mapping = Node([(Node(entry.key), node)])
            let text = try serialize(node: mapping, indent: 2, width: -1, allowUnicode: true)
            return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        case .document(let document):
            let head = try serialize(node: Node([(Node(entry.key), Node("x"))]), width: -1).dropLast(" x\n".count)
            return [head] + (try document.lines().map { $0.isEmpty ? $0 : "  " + $0 })
        }
    }
}
