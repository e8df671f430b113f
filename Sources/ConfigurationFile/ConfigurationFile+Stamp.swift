extension ConfigurationFile {
    /// The first line of a file that user data wrote.
    package static let userDataHead = "# Written by the user data of this instance."

    /// Whether a file's text is meant for the instance that it is on alone: it names one, or user data wrote it.
    package static func isOfOneInstance(_ text: String) -> Bool {
        ConfigurationFile(reading: text, file: standardPath)?.instanceID != nil
            || text.split(whereSeparator: \.isNewline).contains { $0.hasPrefix(userDataHead) }
    }

    /// What a text says, or, where it is no configuration, which instance a line of it names.
    package init?(reading text: String, file: String) {
        let lines =
            [text]
            + text.split(whereSeparator: \.isNewline).lazy.map(String.init)
            .filter { $0.hasPrefix(TableName.instanceKey) }
        for text in lines {
            guard let file = try? ConfigurationFile(parsing: text, file: file) else { continue }
            self = file
            return
        }
        return nil
    }

    /// A file's text with another instance id, or with none; comments and all the rest stay as they are.
    ///
    /// - Throws: ``ConfigurationFileError`` if the text is not a configuration.
    package static func text(
        _ text: String,
        for instanceID: String?,
        file: String = standardPath
    ) throws(ConfigurationFileError) -> String {
        var wanted = try ConfigurationFile(parsing: text, file: file)
        wanted.instanceID = instanceID
        let stamp = Outline(text).line(of: TableName.instanceKey, in: .root)
        // By bytes: to Swift a CR LF is one character, which is no LF. A byte order mark counts only where it was.
        var lines = String(text.unicodeScalars.drop { $0 == "\u{FEFF}" }).utf8
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(Substring($0)) }
        if let stamp { lines.remove(at: stamp - 1) }
        if let instanceID { lines.insert("\(TableName.instanceKey) = \"\(instanceID)\"", at: 0) }
        let new = lines.joined(separator: "\n")
        // Where the key is written in a way that takes more than a line, all of it is written anew.
        return (try? ConfigurationFile(parsing: new, file: file)) == wanted ? new : wanted.text
    }
}
