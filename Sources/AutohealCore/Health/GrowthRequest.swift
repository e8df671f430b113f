/// When to ask for growth: as soon as a file system is smaller than its device, and not again for the same size until it may
/// have been mended. Pure.
package struct GrowthRequest: Hashable, Sendable {
    private var asked: [String: Asked] = [:]

    private struct Asked: Hashable, Sendable {
        let size: UInt64
        let time: Double
    }

    /// Seconds until the same growth is asked for once more.
    private static let patience = 600.0

    package init() {}

    /// - Parameters:
    ///   - smaller: the volumes that are smaller than their devices, with the sizes of these, in bytes.
    ///   - now: seconds, not decreasing.
    package mutating func isDue(_ smaller: [String: UInt64], at now: Double) -> Bool {
        let due = smaller.filter { mountPoint, size in
            asked[mountPoint].map { $0.size != size || now - $0.time >= Self.patience } ?? true
        }
        asked = asked.filter { smaller[$0.key] != nil }
        for (mountPoint, size) in due { asked[mountPoint] = Asked(size: size, time: now) }
        return !due.isEmpty
    }
}
