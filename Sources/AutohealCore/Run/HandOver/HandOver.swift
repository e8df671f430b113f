package import AutohealSpec

/// A decision that volumes are no longer for this instance. It is noted before anything is stopped, so that from then on no
/// run mounts them, and who looks knows that what is missing is meant to be.
package struct HandOver: Hashable, Sendable, Codable {
    /// Nil if a person asked for it.
    package private(set) var ending: EndingReason?
    package private(set) var mountPoints: [String]
    /// Seconds since 1970.
    package let time: Double
    /// Whether nothing is left to release.
    package var isDone = false

    package init(ending: EndingReason?, mountPoints: [String], time: Double) {
        self.ending = ending
        self.mountPoints = mountPoints
        self.time = time
    }

    /// What both say: an end that was noted stays noted, whoever releases something afterwards.
    package func joined(_ next: HandOver) -> HandOver {
        var joined = next
        joined.ending = ending ?? next.ending
        joined.mountPoints += mountPoints.filter { !next.mountPoints.contains($0) }
        return joined
    }

    /// What is left when a person takes mount points back; nil if nothing is.
    package func without(_ mountPoints: [String]) -> HandOver? {
        var rest = self
        rest.mountPoints.removeAll { mountPoints.contains($0) }
        rest.isDone = false
        return rest.mountPoints.isEmpty ? nil : rest
    }

    /// Why nothing is mounted there by a run that is at work, in complete sentences; nil if it may.
    package func refusal(at mountPoint: String) -> String? {
        if let refusal { return refusal }
        guard mountPoints.contains(mountPoint) else { return nil }
        return "The volume was released while this run was at work: 'systemctl start autoheal-agent' mounts it again."
    }

    /// Why nothing at all is mounted any more, in complete sentences; nil if a person may take it back.
    package var refusal: String? {
        ending.map { ending in
            "\(ending.announcement), and its volumes were handed over: nothing is mounted on it any more, until it is booted "
                + "again."
        }
    }

    package enum CodingKeys: String, CodingKey {
        case ending, time
        case mountPoints = "mount_points"
        case isDone = "is_done"
    }
}
