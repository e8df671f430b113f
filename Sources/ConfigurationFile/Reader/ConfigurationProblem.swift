/// One thing that is wrong with a configuration file, and where.
package struct ConfigurationProblem: Hashable, Sendable {
    /// From 1; nil if the place cannot be told.
    package var line: Int?
    /// The table as it is written, with its number if there may be several; nil outside any.
    package var table: String?
    package var key: String?
    /// A complete sentence that names the allowed values.
    package var text: String

    package init(line: Int?, table: String? = nil, key: String? = nil, text: String) {
        self.line = line
        self.table = table
        self.key = key
        self.text = text
    }

    func description(file: String) -> String {
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): \(table.map { "\($0): " } ?? "")\(text)"
    }
}
