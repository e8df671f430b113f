package import AutohealSpec

/// The `[hand-over]` table: when the volumes are released before the machine is off; nil means "not given".
package struct HandOverSettings: Hashable, Sendable {
    /// Names of ``EndingReason``s; without it no notice is listened for.
    package var on: [String]?
    /// Seconds that a volume which is still in use is waited for.
    package var wait: Double?

    package init() {}

    package static let defaultWait = 60.0
    package static let waits = 0.0...86_400.0

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case on, wait
    }

    /// What is listened for.
    package var reasons: Set<EndingReason> { Set((on ?? []).compactMap(EndingReason.init)) }

    /// Every value that cannot be.
    package var errors: [ConfigurationError] {
        let names = EndingReason.allCases.map(\.rawValue)
        let unknown = (on ?? []).filter { !names.contains($0) }.map { reason in
            ConfigurationError(
                key: "on",
                found: reason,
                problem: "is not one of \(names.joined(separator: ", "))\(suggestion(for: reason, from: names))"
            )
        }
        return unknown + [HealthSettings.error("wait", wait, allowed: Self.waits)].compactMap(\.self)
    }
}
