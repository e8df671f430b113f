package import Logging

/// Gathers what belongs to a line and gives it to a destination.
package struct StructuredLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let destination: any LogDestination

    init(logLevel: Logger.Level, metadataProvider: Logger.MetadataProvider?, destination: any LogDestination) {
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
        self.destination = destination
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// The metadata of the call wins over the provider's, and the provider's over the logger's.
    package func log(event: LogEvent) {
        var provided = metadataProvider?.get() ?? [:]
        var own = metadata
        for key in provided.keys { own[key] = nil }
        for (key, value) in event.metadata ?? [:] {
            own[key] = value
            provided[key] = nil
        }
        var given = event.metadata ?? [:]
        if let error = event.error {
            let text = Logger.Metadata.Value.string(String(describing: error))
            own["error.message"] = text
            given["error.message"] = text
        }
        destination.write(
            LogRecord(
                time: .now(),
                level: event.level,
                message: event.message.description,
                fields: LogField.fields(own),
                given: LogField.fields(given),
                tags: LogField.fields(provided)
            )
        )
    }
}

/// Where log lines go, in the form that is expected there.
protocol LogDestination: Sendable {
    /// Writes one line, or drops it: logging never fails and never takes long.
    func write(_ record: LogRecord)
}
