/// In which order the bytes of a format go to the device, so that it can be cut short after any sector.
///
/// 1. the marker, which says what is going to be written;
/// 2. the image, all but the sector with the magic number of the primary superblock, in any order;
/// 3. that sector: from here on there is a file system, and never before;
/// 4. zeros over the marker.
///
/// After each of them the device is flushed.
package struct FormatSchedule: Hashable, Sendable {
    /// Bytes from the start of the device.
    package let marker: Range<UInt64>
    package let body: [Range<UInt64>]
    /// The sector with s_magic, which is written last and whole.
    package let superblock: Range<UInt64>

    /// Bytes from the start of the device to the magic number of ext file systems (s_magic).
    package static let magicOffset: UInt64 = Ext4Superblock.offset + 0x38

    /// - Parameters:
    ///   - blocks: what the image has that is not zero, in order.
    ///   - sectorSize: bytes that the device writes whole (its logical sector).
    /// - Returns: nil if the image has no superblock, or something where the marker goes.
    package init?(blocks: [Range<UInt64>], deviceSize: UInt64, sectorSize: UInt64) {
        let sector = max(sectorSize, UInt64(SectorComparison.sectorSize))
        let start = Self.magicOffset / sector * sector
        let superblock = start..<start + sector
        guard let marker = IntentMarker.place(deviceSize: deviceSize), !blocks.contains(where: { $0.overlaps(marker) }),
            blocks.contains(where: { $0.lowerBound <= start && superblock.upperBound <= $0.upperBound })
        else { return nil }
        self.marker = marker
        self.superblock = superblock
        body = blocks.flatMap { $0.excluding(superblock) }
    }

    /// Everything of the image that is written.
    package var blocks: [Range<UInt64>] { body + [superblock] }
}

extension Range<UInt64> {
    /// What is left when `hole` is cut out: no piece, one or two.
    package func excluding(_ hole: Range<UInt64>?) -> [Range<UInt64>] {
        guard let hole, overlaps(hole) else { return [self] }
        return [
            lowerBound..<Swift.max(lowerBound, hole.lowerBound), Swift.min(hole.upperBound, upperBound)..<upperBound,
        ]
        .filter { !$0.isEmpty }
    }
}
