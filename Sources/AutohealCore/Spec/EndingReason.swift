/// Why an instance is about to end, as the metadata service tells it.
package enum EndingReason: String, Hashable, Sendable, Codable, CaseIterable {
    /// Its Auto Scaling group ends it: `autoscaling/target-lifecycle-state` is `Terminated`.
    case terminate
    /// EC2 takes the Spot instance back: `spot/instance-action` says `terminate` or `stop`. One that hibernates keeps its
    /// mounts.
    case spot

    /// Without the full stop of a sentence.
    package var announcement: String {
        switch self {
        case .terminate: "The Auto Scaling group ends this instance"
        case .spot: "EC2 takes this Spot instance back"
        }
    }
}
