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
