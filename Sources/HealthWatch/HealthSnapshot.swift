package import AutohealHealth
package import AutohealRun

/// What the watcher knows at one moment, for who asks.
package struct HealthSnapshot: Hashable, Sendable {
    package var volumes: [Volume] = []
    package var requirements: [Requirement] = []
    /// At the volumes, since the watcher began.
    package var looks = 0

    package struct Volume: Hashable, Sendable {
        package var mountPoint: String
        package var state: WatchedVolume
        package var observation: VolumeObservation?
        /// Of the run that mounted it.
        package var heal: Heal.Record?
    }

    package struct Requirement: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable { case service, page }

        package let kind: Kind
        /// The unit, or the URL.
        package let name: String
        package var state: WatchedRequirement
    }

    package init(volumes: [Volume] = [], requirements: [Requirement] = []) {
        self.volumes = volumes
        self.requirements = requirements
    }

    /// The worst of all; while nothing is known of any volume, they are waited for.
    package var verdict: HealthVerdict {
        guard !volumes.isEmpty else { return .waiting }
        let order: [HealthVerdict] = [.failed, .releasing, .released, .degraded, .starting, .waiting]
        let all = volumes.map(\.state.verdict) + requirements.map(\.state.verdict)
        return order.first(where: all.contains) ?? .healthy
    }

    /// Whether all volumes can be used now.
    package var volumesAreReady: Bool { !volumes.isEmpty && volumes.allSatisfy(\.state.isReady) }

    /// Whether traffic may come.
    package var isReady: Bool { volumesAreReady && requirements.allSatisfy(\.state.isMet) }

    /// One line for people.
    package var summary: String {
        volumes.isEmpty
            ? "No volume is configured."
            : (volumes.map { "\($0.mountPoint): \($0.state.verdict.rawValue)" }
                + requirements.map { "\($0.name): \($0.state.verdict.rawValue)" }).joined(separator: ", ")
    }
}
