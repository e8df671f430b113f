/// A request as a metadata server received it.
package struct MetadataServerRequest: Hashable, Sendable {
    package var method: String
    package var path: String
    /// By their names in lower case; of several with one name the last.
    package var headers: [String: String]

    /// Parses a request head, without the empty line that ends it.
    init(head: String) {
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let words = (lines.popFirst() ?? "").split(separator: " ", omittingEmptySubsequences: false)
        method = words.first.map(String.init) ?? ""
        path = words.dropFirst().first.map(String.init) ?? ""
        headers = [:]
        for line in lines {
            let name = line.prefix { $0 != ":" }
            let value = line[name.endIndex...].dropFirst().drop { $0 == " " }
            headers[name.lowercased()] = String(value)
        }
    }
}
