import Logging

/// One log line before it has a form.
struct LogRecord: Sendable {
    var time: LogTimestamp
    var level: Logger.Level
    var message: String
    /// What belongs to this line, and what belongs to every line of its logger.
    var fields: [LogField]
    /// Of these, what the call gave, with the error.
    var given: [LogField]
    /// What belongs to every line: the tags of the instance.
    var tags: [LogField]

    /// The keys by which a line says which volume it is about.
    private static let volumeKeys: Set<String> = ["volume.device", "volume.id", "volume.mount_point"]

    /// What only this line says: which volume it is about is known from elsewhere.
    var special: [LogField] { given.filter { !Self.volumeKeys.contains($0.key) } }

    /// What a volume is called by, in a line for people.
    var mountPoint: String? { text("volume.mount_point") }

    /// The value of a field or a tag, neither quoted nor escaped.
    func text(_ key: String) -> String? { (fields + tags).first { $0.key == key }?.value.text }

    /// The name of a level that is worth a word: that a line says what happens needs none.
    var levelName: String? {
        switch level {
        case .info, .notice: nil
        default: level.rawValue.uppercased()
        }
    }
}
