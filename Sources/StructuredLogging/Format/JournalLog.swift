/// Writes to the journal with fields, and as text to standard error what the journal does not take.
struct JournalLog: LogDestination {
    var socket: JournalSocket
    var identifier: String
    var unit: String?
    var fallback: TextLog

    /// For a datagram that is too large, the lengths in bytes to which its values are cut, one after the other.
    private static let valueLimits = [Int.max, 8192, 256]

    func write(_ record: LogRecord) {
        for limit in Self.valueLimits {
            let datagram = JournalEntry.datagram(record, identifier: identifier, unit: unit, valueLimit: limit)
            switch socket.send(datagram) {
            case .sent: return
            case .tooLarge: continue
            case .failed:
                fallback.write(record)
                return
            }
        }
        fallback.write(record)
    }
}
