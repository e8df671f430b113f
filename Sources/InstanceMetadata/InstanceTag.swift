/// A tag of the instance that is worth a request, by its key.
enum InstanceTag: String, CaseIterable, Sendable {
    case autoScalingGroup = "aws:autoscaling:groupName"
    case name = "Name"

    /// Where the tag goes in the identity.
    var property: WritableKeyPath<InstanceIdentity, String?> {
        switch self {
        case .autoScalingGroup: \.autoScalingGroup
        case .name: \.name
        }
    }
}
