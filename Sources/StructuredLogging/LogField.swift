import Logging

/// One key of a log line with its value; nested metadata has dotted keys.
struct LogField: Hashable, Sendable {
    var key: String
    var value: LogValue

    /// The metadata without nesting, each key once, in the order that reads best.
    static func fields(_ metadata: Logger.Metadata) -> [LogField] {
        var values: [String: LogValue] = [:]
        flatten(metadata, prefix: "", into: &values)
        return values.map { LogField(key: $0.key, value: $0.value) }.sorted(by: readsBefore)
    }

    private static func flatten(_ metadata: Logger.Metadata, prefix: String, into values: inout [String: LogValue]) {
        for (key, value) in metadata {
            let key = prefix + key
            switch value {
            // A key that is spelled out wins over the same key made of nested ones.
            case .dictionary(let nested): flatten(nested, prefix: key + ".", into: &values)
            case .string(let text): values[key] = .text(text)
            case .stringConvertible(let value): values[key] = LogValue(value)
            case .array(let items): values[key] = .list(items.map(\.description))
            }
        }
    }

    /// What happened, then why it failed, then to which volume, then where; by the alphabet within each.
    private static func readsBefore(_ left: LogField, _ right: LogField) -> Bool {
        (rank(left.key), left.key) < (rank(right.key), right.key)
    }

    private static func rank(_ key: String) -> Int {
        switch key.prefix(while: { $0 != "." }) {
        case "outcome", "step": 0
        case "error": 2
        case "volume": 3
        case "aws", "cloud", "host": 4
        default: 1
        }
    }
}
