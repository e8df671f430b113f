/// The type of a key's value and the property it belongs to.
package enum Setting<Settings> {
    case text(WritableKeyPath<Settings, String?>, example: String)
    case integer(WritableKeyPath<Settings, Int?>, example: String)
    case number(WritableKeyPath<Settings, Double?>, example: String)
    case truth(WritableKeyPath<Settings, Bool?>)
    case words(WritableKeyPath<Settings, [String]?>, example: String)

    fileprivate func fill(_ settings: inout Settings, from other: Settings) {
        switch self {
        case .text(let path, _): settings[keyPath: path] = settings[keyPath: path] ?? other[keyPath: path]
        case .integer(let path, _): settings[keyPath: path] = settings[keyPath: path] ?? other[keyPath: path]
        case .number(let path, _): settings[keyPath: path] = settings[keyPath: path] ?? other[keyPath: path]
        case .truth(let path): settings[keyPath: path] = settings[keyPath: path] ?? other[keyPath: path]
        case .words(let path, _): settings[keyPath: path] = settings[keyPath: path] ?? other[keyPath: path]
        }
    }

    /// What a value must look like, with an example as it is written.
    var allowed: String {
        switch self {
        case .text(_, let example): "a string in quotes, such as \"\(example)\""
        case .integer(_, let example): "an integer without quotes, such as \(example)"
        case .number(_, let example): "a number without quotes, such as \(example)"
        case .truth: "true or false, without quotes"
        case .words(_, let example): "a string or an array of strings, such as \"\(example)\""
        }
    }
}

/// A type whose properties are the keys of one table.
package protocol SettingTable {
    associatedtype Key: CodingKey, CaseIterable, RawRepresentable<String>

    init()

    static func setting(_ key: Key) -> Setting<Self>
}

extension SettingTable {
    /// These settings where they are given, `other`'s where not.
    package func over(_ other: Self) -> Self {
        var settings = self
        for key in Key.allCases { Self.setting(key).fill(&settings, from: other) }
        return settings
    }
}
