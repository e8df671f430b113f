/// The type of a key's value and the property it belongs to.
enum Setting<Settings> {
    case text(WritableKeyPath<Settings, String?>, example: String)
    case integer(WritableKeyPath<Settings, Int?>, example: String)
    case number(WritableKeyPath<Settings, Double?>, example: String)
    case truth(WritableKeyPath<Settings, Bool?>)
    case words(WritableKeyPath<Settings, [String]?>, example: String)

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
protocol SettingTable {
    associatedtype Key: CodingKey, CaseIterable, RawRepresentable<String>

    init()

    static func setting(_ key: Key) -> Setting<Self>
}
