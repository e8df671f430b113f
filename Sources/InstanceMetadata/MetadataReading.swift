/// What one attempt brought.
struct MetadataReading: Sendable {
    var identity: InstanceIdentity
    /// Why tags are missing that may be there; empty once each is known to exist or not.
    var unsettledTags: [MetadataError]
}
