/// From where on a volume is not well.
package struct HealthThresholds: Hashable, Sendable {
    /// Per cent of the bytes, and of the inodes, below which the file system counts as nearly full.
    package var freePercent = 5
    /// A read that takes longer hangs.
    package var readLimit: Duration = .seconds(5)

    package init() {}
}
