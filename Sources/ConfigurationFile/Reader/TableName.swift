/// A table of the file.
enum TableName: Hashable, CustomStringConvertible {
    case root
    case agent
    case health
    case handOver
    /// From 1, in the order of the file.
    case volume(Int)
    case other(String)

    var description: String {
        switch self {
        case .root: "outside any table"
        case .agent: "[\(Self.agentKey)]"
        case .health: "[\(Self.healthKey)]"
        case .handOver: "[\(Self.handOverKey)]"
        case .volume(let number): "[[volume]] number \(number)"
        case .other(let name): "[\(name)]"
        }
    }

    static let agentKey = "agent"
    static let healthKey = "health"
    static let handOverKey = "hand-over"
    static let volumeKey = "volume"
    /// Of the root.
    static let instanceKey = "instance-id"

    /// The tables that there are once, by their keys.
    static let single: [String: TableName] = [agentKey: .agent, healthKey: .health, handOverKey: .handOver]
}
