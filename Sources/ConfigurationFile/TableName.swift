/// A table of the file.
enum TableName: Hashable, CustomStringConvertible {
    case root
    case agent
    /// From 1, in the order of the file.
    case volume(Int)
    case other(String)

    var description: String {
        switch self {
        case .root: "outside any table"
        case .agent: "[agent]"
        case .volume(let number): "[[volume]] number \(number)"
        case .other(let name): "[\(name)]"
        }
    }

    static let agentKey = "agent"
    static let volumeKey = "volume"
    /// Of the root.
    static let instanceKey = "instance-id"
}
