/// A decision that volumes are no longer for this instance. It is noted before anything is stopped, so that from then on no
/// run mounts them, and who looks knows that what is missing is meant to be.
package struct HandOver: Hashable, Sendable, Codable {
    /// Nil if a person asked for it.
    package let ending: EndingReason?
    package let mountPoints: [String]
    /// Seconds since 1970.
    package let time: Double

    package init(ending: EndingReason?, mountPoints: [String], time: Double) {
        self.ending = ending
        self.mountPoints = mountPoints
        self.time = time
    }

    /// Why nothing is mounted, in complete sentences.
    package var refusal: String? {
        ending.map { ending in
            "\(ending.announcement), and its volumes were handed over: nothing is mounted on it any more, until it is booted "
                + "again."
        }
    }

    package enum CodingKeys: String, CodingKey {
        case ending, time
        case mountPoints = "mount_points"
    }
}
