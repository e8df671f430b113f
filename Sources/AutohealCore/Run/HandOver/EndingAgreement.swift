package import AutohealSpec

/// When answers of the metadata service are believed: once two that are some seconds apart say that the instance ends. Pure.
package struct EndingAgreement: Hashable, Sendable {
    /// Seconds between two answers that count.
    package static let interval = 5.0

    private var first: [EndingReason: Double] = [:]

    package init() {}

    /// Takes in one answer; one that did not come is not to be noted, since it says neither this nor that.
    ///
    /// - Parameter now: seconds, not decreasing.
    /// - Returns: whether it is agreed upon now.
    package mutating func note(_ reason: EndingReason, isAnnounced: Bool, at now: Double) -> Bool {
        guard isAnnounced else {
            first[reason] = nil
            return false
        }
        guard let time = first[reason] else {
            first[reason] = now
            return false
        }
        return now - time >= Self.interval
    }
}
