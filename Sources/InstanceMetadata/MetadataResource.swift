import NIOHTTP1

/// What can be asked of IMDS (AWS: Use the Instance Metadata Service to access instance metadata).
package enum MetadataResource: Hashable, Sendable, CustomStringConvertible {
    /// A session token, without which IMDSv2 answers nothing.
    case token
    /// The instance identity document.
    case identityDocument
    /// The value of one tag, by its key.
    case tag(String)
    /// The state that the Auto Scaling group is bringing the instance to; there is none outside of a group.
    case targetLifecycleState
    /// What EC2 is about to do with a Spot instance; there is none until it is decided.
    case spotInstanceAction

    var method: HTTPMethod {
        self == .token ? .PUT : .GET
    }

    var path: String {
        switch self {
        case .token: "/latest/api/token"
        case .identityDocument: "/latest/dynamic/instance-identity/document"
        case .tag(let key): "/latest/meta-data/tags/instance/" + key
        case .targetLifecycleState: "/latest/meta-data/autoscaling/target-lifecycle-state"
        case .spotInstanceAction: "/latest/meta-data/spot/instance-action"
        }
    }

    package var description: String {
        switch self {
        case .token: "a session token"
        case .identityDocument: "the instance identity document"
        case .tag(let key): "the tag \(key)"
        case .targetLifecycleState: "the target lifecycle state"
        case .spotInstanceAction: "the Spot instance action"
        }
    }
}
