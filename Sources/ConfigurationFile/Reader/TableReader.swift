import AutohealSpec
import TOMLKit

/// Takes tables apart and collects everything that is wrong with them.
struct TableReader {
    private let outline: Outline
    private(set) var problems: [ConfigurationProblem] = []

    init(_ outline: Outline) { self.outline = outline }

    mutating func report(_ text: String, key: String? = nil, in table: TableName) {
        problems.append(
            ConfigurationProblem(
                line: outline.line(of: key, in: table),
                table: table == .root ? nil : "\(table)",
                key: key,
                text: text
            )
        )
    }

    mutating func report(_ error: ConfigurationError, in table: TableName) {
        report("\(error)", key: error.key, in: table)
    }

    /// Reads the keys that the type has and reports all others.
    mutating func read<Settings: SettingTable>(
        _: Settings.Type,
        from table: TOMLTable,
        in name: TableName
    ) -> Settings {
        var settings = Settings()
        for key in table.keys {
            guard let known = Settings.Key(rawValue: key) else {
                reportUnknown(key, allowed: Settings.Key.allCases.map(\.rawValue), in: name)
                continue
            }
            guard let value = table[key] else { continue }
            let setting = Settings.setting(known)
            if !Self.take(value, as: setting, into: &settings) {
                report("\(key) must be \(setting.allowed), not \(Self.describe(value.type)).", key: key, in: name)
            }
        }
        return settings
    }

    mutating func reportUnknown(_ key: String, allowed: [String], in table: TableName) {
        let nearest = suggestion(for: key, from: allowed)
        let hint = nearest.isEmpty ? "." : nearest
        report(
            "'\(key.printable)' is not a key\(hint) Allowed: \(allowed.joined(separator: ", ")).",
            key: key,
            in: table
        )
    }

    /// - Returns: whether the value is of the right type.
    private static func take<Settings>(
        _ value: any TOMLValueConvertible,
        as setting: Setting<Settings>,
        into settings: inout Settings
    ) -> Bool {
        switch setting {
        case .text(let path, _):
            settings[keyPath: path] = value.string
            return value.string != nil
        case .integer(let path, _):
            settings[keyPath: path] = value.int
            return value.int != nil
        case .number(let path, _):
            let number = value.double ?? value.int.map(Double.init)
            settings[keyPath: path] = number
            return number != nil
        case .truth(let path):
            settings[keyPath: path] = value.bool
            return value.bool != nil
        case .words(let path, _):
            let words = words(value)
            settings[keyPath: path] = words
            return words != nil
        }
    }

    /// One string is split at spaces, as the flag is; an array says where the words end.
    private static func words(_ value: any TOMLValueConvertible) -> [String]? {
        if let text = value.string { return text.split(separator: " ").map(String.init) }
        guard let array = value.array else { return nil }
        let words = array.compactMap(\.string)
        return words.count == array.count ? words : nil
    }

    static func describe(_ type: TOMLType) -> String {
        switch type {
        case .array: "an array"
        case .int: "an integer"
        case .bool: "true or false"
        case .table: "a table"
        case .string: "a string"
        case .double: "a number with a fraction"
        case .date, .time, .dateTime: "a date or time"
        }
    }
}
