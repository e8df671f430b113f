package import AutohealSpec
package import InstanceMetadata

/// What the metadata service says of the end of this instance.
package struct EndingNotices: Sendable {
    package let reasons: Set<EndingReason>
    private let client: MetadataClient

    package init(for reasons: Set<EndingReason>, from client: MetadataClient) {
        self.reasons = reasons
        self.client = client
    }

    /// Asks once whether the instance ends for a reason.
    ///
    /// - Throws: where it is not known, which says neither this nor that.
    package func isAnnounced(_ reason: EndingReason) async throws(MetadataError) -> Bool {
        switch reason {
        case .terminate: try await client.targetLifecycleState() == "Terminated"
        case .spot: ["terminate", "stop"].contains(try await client.spotInstanceAction())
        }
    }
}
