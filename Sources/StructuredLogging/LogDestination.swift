/// Where log lines go, in the form that is expected there.
protocol LogDestination: Sendable {
    /// Writes one line, or drops it: logging never fails and never takes long.
    func write(_ record: LogRecord)
}
