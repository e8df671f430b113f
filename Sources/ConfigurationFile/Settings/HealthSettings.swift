/// The `[health]` table: what the watcher looks at and whom it answers; nil means "not given".
package struct HealthSettings: Hashable, Sendable {
    /// A ``ListenAddress``; nothing listens without it.
    package var listen: String?
    /// Seconds from look to look.
    package var interval: Double?
    /// Seconds that a check, a format or the start of a service may take before it counts as failed.
    package var startLimit: Double?
    /// Per cent of the bytes, and of the inodes, below which a file system counts as nearly full.
    package var freePercent: Int?
    /// Units of systemd that have to be active.
    package var requireServices: [String]?
    /// An ``HTTPTarget`` that has to answer with 200.
    package var requireURL: String?

    package init() {}

    /// What each value may be, for flags and keys alike.
    package static let intervals = 0.001...86_400.0
    package static let startLimits = 0.0...604_800.0

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case listen, interval
        case startLimit = "start-limit"
        case freePercent = "free-percent"
        case requireServices = "require-services"
        case requireURL = "require-url"
    }
}
