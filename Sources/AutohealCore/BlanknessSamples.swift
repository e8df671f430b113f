/// Where a device is read before it may be called blank.
///
/// A new EBS volume reads as zeros everywhere; a volume with data has something at one of these places unless almost all
/// of it is empty and it lost both its ends.
package struct BlanknessSamples: Hashable, Sendable {
    /// Bytes of one sample.
    package static let length: UInt64 = 4096
    /// Bytes read in full at each end: superblocks, partition tables and volume-manager headers live there.
    package static let endLength: UInt64 = 4 << 20
    /// Samples between the ends, evenly spaced: one batch of reads that an EBS volume answers at once.
    package static let spreadCount: UInt64 = 128

    /// Both ends, one range on a small device.
    package let ends: [Range<UInt64>]
    /// Backup superblocks of ext (block sizes 1, 2 and 4 KiB) and btrfs.
    package let backups: [Range<UInt64>]
    /// Evenly spaced over the rest.
    package let spread: [Range<UInt64>]

    /// Offsets in bytes of the ext backup superblocks that every layout has.
    package static let extBackups: [UInt64] = [1024 * 8193, 2048 * 16384, 4096 * 32768, 4096 * 98304]
    private static let btrfsMirrors: [UInt64] = [64 << 10, 64 << 20, 256 << 30]

    package init(deviceSize: UInt64) {
        let tail = deviceSize > Self.endLength ? (deviceSize - Self.endLength) / Self.length * Self.length : 0
        ends = tail <= Self.endLength ? [0..<deviceSize] : [0..<Self.endLength, tail..<deviceSize]
        let between = ends.count == 2 ? Self.endLength..<tail : 0..<0
        let sample = { (offset: UInt64) in offset..<offset + Self.length }
        let isBetween = { (range: Range<UInt64>) in between.contains(range.lowerBound) && range.upperBound <= tail }
        let backups = (Self.extBackups + Self.btrfsMirrors)
            .map { sample($0 / Self.length * Self.length) }.filter(isBetween).sorted { $0.lowerBound < $1.lowerBound }
        self.backups = backups

        let blocks = (tail - min(tail, Self.endLength)) / Self.length
        let count = min(blocks, Self.spreadCount)
        spread = (0..<count)
            // In the middle of each part; the product is at most 2^8 * 2^52.
            .map { sample(Self.endLength + (2 * $0 + 1) * blocks / (2 * count) * Self.length) }
            .filter { candidate in !backups.contains { $0.overlaps(candidate) } }
    }

    /// Whether neither a fresh ext4 nor one whose mkfs was killed has anything at an offset (bytes) but zeros.
    ///
    /// True in the second half of each 128 MiB (one block group of 4 KiB blocks), 3 MiB past every multiple of 8 MiB: with
    /// flexible block groups, bitmaps, inode tables and descriptors are in the first half; with blocks of 1 or 2 KiB
    /// (groups of 8 and 32 MiB) in the first 3 MiB.
    package static func isBeyondMetadata(_ offset: UInt64) -> Bool {
        offset % (128 << 20) >= 64 << 20 && offset % (8 << 20) >= 3 << 20
    }

    /// Everything, in the order of the device.
    package var all: [Range<UInt64>] { (ends + backups + spread).sorted { $0.lowerBound < $1.lowerBound } }
}
