/// Where a device is read before it may be called blank.
///
/// A new EBS volume reads as zeros everywhere; a volume with data has something at one of these places unless almost all
/// of it is empty and it lost both its ends.
package struct BlanknessSamples: Hashable, Sendable {
    /// Bytes of one sample.
    package static let length: UInt64 = 4096
    /// Bytes read in full at each end: superblocks, partition tables and volume-manager headers live there.
    package static let endLength: UInt64 = 4 << 20
    /// At most this many samples between the ends; one batch of reads that an EBS volume answers at once.
    package static let bodyCount: UInt64 = 128

    /// Both ends, one range on a small device.
    package let ends: [Range<UInt64>]
    /// Backup superblocks of ext (block sizes 1, 2 and 4 KiB) and btrfs.
    package let backups: [Range<UInt64>]
    /// Places that neither hold metadata of a fresh ext4 nor of one whose mkfs was killed.
    package let body: [Range<UInt64>]

    /// Offsets in bytes of the ext backup superblocks that every layout has.
    package static let extBackups: [UInt64] = [1024 * 8193, 2048 * 16384, 4096 * 32768, 4096 * 98304]
    private static let btrfsMirrors: [UInt64] = [64 << 10, 64 << 20, 256 << 30]

    package init(deviceSize: UInt64) {
        let tail = deviceSize > Self.endLength ? (deviceSize - Self.endLength) / Self.length * Self.length : 0
        ends = tail <= Self.endLength ? [0..<deviceSize] : [0..<Self.endLength, tail..<deviceSize]
        let between = ends.count == 2 ? Self.endLength..<tail : 0..<0
        let sample = { (offset: UInt64) in offset..<offset + Self.length }
        let isBetween = { (range: Range<UInt64>) in between.contains(range.lowerBound) && range.upperBound <= tail }
        backups = (Self.extBackups + Self.btrfsMirrors)
            .map { sample($0 / Self.length * Self.length) }.filter(isBetween).sorted { $0.lowerBound < $1.lowerBound }

        // The second half of each 128 MiB (one ext4 block group of 4 KiB blocks), 3 MiB past every multiple of 8 MiB: with
        // flexible block groups, bitmaps, inode tables and descriptors are in the first half, and with 1 or 2 KiB blocks
        // (groups of 8 and 32 MiB) in the first 3 MiB.
        let perGroup: UInt64 = 8
        let candidates = deviceSize / (128 << 20) * perGroup + deviceSize % (128 << 20) / (16 << 20)
        let count = min(candidates, Self.bodyCount)
        body = (0..<count).map { index in
            // Spread evenly; the product is at most 2^7 * 2^40.
            let candidate = index * candidates / count
            return sample(
                candidate / perGroup * (128 << 20) + (64 << 20) + candidate % perGroup * (8 << 20) + (3 << 20)
            )
        }.filter(isBetween)
    }

    /// Everything, in the order of the device.
    package var all: [Range<UInt64>] { (ends + backups + body).sorted { $0.lowerBound < $1.lowerBound } }
}
