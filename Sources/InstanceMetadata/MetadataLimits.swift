/// How long a request may take and how much it may bring.
package struct MetadataLimits: Hashable, Sendable {
    /// For one whole exchange: connect, send, and the last byte of the answer.
    package var requestTimeout: Duration
    /// How much longer the tags may take than the identity document, which is known by then.
    package var tagGrace: Duration
    /// For everything one answer consists of, headers included.
    package var maximumBytes: Int

    package init(
        requestTimeout: Duration = .seconds(1),
        tagGrace: Duration = .milliseconds(100),
        maximumBytes: Int = 65536
    ) {
        self.requestTimeout = requestTimeout
        self.tagGrace = tagGrace
        self.maximumBytes = maximumBytes
    }
}

/// How long to pause between attempts: twice as long each time, up to a maximum.
package struct Backoff: Hashable, Sendable {
    package var first: Duration
    package var maximum: Duration

    package init(first: Duration = .milliseconds(100), maximum: Duration = .seconds(2)) {
        self.first = first
        self.maximum = maximum
    }

    /// The pause after a failed attempt, of which the first has the number 1.
    package func pause(afterAttempt attempt: Int) -> Duration {
        // Beyond 32 doublings the maximum is reached, whatever it is.
        let doublings = min(max(attempt, 1) - 1, 32)
        return min(first * (1 << doublings), maximum)
    }
}
