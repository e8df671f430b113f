package import AutohealSpec

/// How large a file system says it is, from its superblock, for those that the agent checks or grows.
extension FilesystemType {
    /// Where the superblock is that tells, in bytes from the start of the device; nil where the agent cannot tell.
    package var superblockPlace: Range<UInt64>? {
        switch self {
        case .ext2, .ext3, .ext4: Ext4Superblock.offset..<Ext4Superblock.offset + UInt64(Ext4Superblock.length)
        case .xfs: 0..<512
        case .btrfs: 64 << 10..<(64 << 10) + 512
        default: nil
        }
    }

    /// Bytes of the device that the file system was made for (kernel: Documentation/filesystems/ext4/super.rst,
    /// fs/xfs/libxfs/xfs_format.h, include/uapi/linux/btrfs_tree.h).
    ///
    /// - Parameter superblock: what is at ``superblockPlace``.
    /// - Returns: nil if it is not a superblock of this type.
    package func size(superblock: [UInt8]) -> UInt64? {
        switch self {
        case .ext2, .ext3, .ext4: Ext4Superblock(bytes: superblock)?.size
        case .xfs: Self.xfsSize(superblock)
        case .btrfs: Self.btrfsSize(superblock)
        default: nil
        }
    }

    /// sb_blocksize times sb_dblocks, big-endian.
    private static func xfsSize(_ superblock: [UInt8]) -> UInt64? {
        guard superblock.count >= 16, superblock.starts(with: Array("XFSB".utf8)) else { return nil }
        let blockSize = superblock[4..<8].reduce(0) { $0 << 8 | UInt64($1) }
        let blocks = superblock[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        let (size, overflow) = blockSize.multipliedReportingOverflow(by: blocks)
        return overflow ? nil : size
    }

    /// dev_item.total_bytes: of this device, where the file system has several.
    private static func btrfsSize(_ superblock: [UInt8]) -> UInt64? {
        guard superblock.count >= 0xD9, superblock[0x40...].starts(with: Array("_BHRfS_M".utf8)) else { return nil }
        var reader = LittleEndianReader(bytes: superblock, position: 0xD1)
        return reader.next() as UInt64
    }
}
