import TOMLKit

extension ConfigurationFile {
    /// The file as it is written: only what was given, keys in alphabetical order, always the same text for the same
    /// value; what is written here, ``init(parsing:file:)`` reads as the same value.
    package var text: String {
        var documents: [String] = []
        if let instanceID { documents.append(Self.document(TableName.instanceKey, instanceID)) }
        let tables = [
            (TableName.agentKey, Self.table(agent)), (TableName.healthKey, Self.table(health)),
            (TableName.handOverKey, Self.table(handOver)),
        ]
        for (key, table) in tables where !table.isEmpty { documents.append(Self.document(key, table)) }
        for volume in volumes {
            let tables = TOMLArray()
            tables.append(Self.table(volume))
            documents.append(Self.document(TableName.volumeKey, tables))
        }
        return documents.joined(separator: "\n")
    }

    private static func document(_ key: String, _ value: any TOMLValueConvertible) -> String {
        let root = TOMLTable()
        root[key] = value
        return trimmed(root.convert(to: .toml, options: [.allowUnicodeStrings]))
    }

    private static func table<Settings: SettingTable>(_ settings: Settings) -> TOMLTable {
        let table = TOMLTable()
        for key in Settings.Key.allCases {
            switch Settings.setting(key) {
            case .text(let path, _): table[key.rawValue] = settings[keyPath: path]
            case .integer(let path, _): table[key.rawValue] = settings[keyPath: path]
            case .truth(let path): table[key.rawValue] = settings[keyPath: path]
            case .number(let path, _):
                guard let number = settings[keyPath: path] else { continue }
                if let integer = Int(exactly: number) {
                    table[key.rawValue] = integer
                } else {
                    table[key.rawValue] = number
                }
            case .words(let path, _):
                guard let words = settings[keyPath: path] else { continue }
                let array = TOMLArray()
                for word in words { array.append(word) }
                table[key.rawValue] = array
            }
        }
        return table
    }

    /// Without empty lines at both ends, and with one line break at the end.
    private static func trimmed(_ text: String) -> String {
        let isLineBreak = { (character: Character) in character == "\n" }
        let text = text.drop(while: isLineBreak)
        return String(text.reversed().drop(while: isLineBreak).reversed()) + "\n"
    }
}
