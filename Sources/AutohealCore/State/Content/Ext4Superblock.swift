import AutohealSpec

/// The few facts the agent reads from an ext2/3/4 superblock itself, because libblkid before 2.39 does not tell them
/// (kernel: Documentation/filesystems/ext4/super.rst).
package struct Ext4Superblock: Hashable, Sendable {
    package static let length = 1024
    /// Bytes from the start of the device to the primary superblock.
    package static let offset: UInt64 = 1024
    private static let magic: UInt16 = 0xEF53
    private static let compatJournal: UInt32 = 0x4
    /// s_jnl_backup_type: what follows is the journal inode's map of its blocks.
    private static let journalBackup: UInt8 = 1
    private static let journalBackupPlace = 0x10C..<0x148
    private static let incompatRecover: UInt32 = 0x4
    private static let incompat64Bit: UInt32 = 0x80
    private static let incompatMultipleMountProtection: UInt32 = 0x100
    /// What the kernel has or has not, and what is there if it has: below /sys/fs/ext4/features, or elsewhere.
    private static let optionalIncompatible: [(bit: UInt32, support: KernelSupport)] = [
        (0x10000, KernelSupport(feature: "encrypt", path: .sys("fs/ext4/features/encryption"))),
        (0x20000, KernelSupport(feature: "casefold", path: .sys("fs/ext4/features/casefold"))),
    ]
    private static let optionalReadOnlyCompatible: [(bit: UInt32, support: KernelSupport)] = [
        (0x100, KernelSupport(feature: "quota", path: .proc("sys/fs/quota"))),
        (0x2000, KernelSupport(feature: "project", path: .proc("sys/fs/quota"))),
        (0x8000, KernelSupport(feature: "verity", path: .sys("fs/ext4/features/verity"))),
    ]
    private static let readOnlyMetadataChecksums: UInt32 = 0x400
    private static let checksumOffset = 0x3FC

    package let blockSize: UInt32
    package let blockCount: UInt64
    /// 0 in the primary, the group's number in a backup.
    package let blockGroup: UInt16
    /// s_uuid, 16 bytes.
    package let uuid: [UInt8]
    /// Whether s_checksum fits; true where the file system has no metadata_csum and keeps none.
    package let hasValidChecksum: Bool
    /// Whether the journal holds transactions that the next read-write mount replays.
    package let needsRecovery: Bool
    /// Whether it has a block that is never made the same twice (mmp).
    package let hasMultipleMountProtection: Bool
    /// What the kernel must have been built with to mount it.
    package let neededSupport: [KernelSupport]
    /// Where the way to its journal begins; nil where it has none, or on another device, or does not say where.
    package let journal: Ext4Journal.Place?
    /// Whether it was ever mounted read-write (s_mtime).
    package let wasMounted: Bool

    /// - Returns: nil unless the magic is there and the block size is one that exists.
    package init?(bytes: [UInt8]) {
        guard bytes.count >= Self.length else { return nil }
        func field<Integer: FixedWidthInteger>(_ offset: Int) -> Integer {
            var reader = LittleEndianReader(bytes: bytes, position: offset)
            return reader.next()
        }
        let logBlockSize: UInt32 = field(0x18)
        guard field(0x38) == Self.magic, logBlockSize <= 6 else { return nil }
        blockSize = 1024 << logBlockSize
        let low: UInt32 = field(0x4)
        let high: UInt32 = field(0x150)
        let incompatible: UInt32 = field(0x60)
        blockCount = UInt64(low) | (incompatible & Self.incompat64Bit != 0 ? UInt64(high) << 32 : 0)
        needsRecovery = incompatible & Self.incompatRecover != 0
        hasMultipleMountProtection = incompatible & Self.incompatMultipleMountProtection != 0
        let readOnly: UInt32 = field(0x64)
        neededSupport =
            Self.optionalIncompatible.filter { incompatible & $0.bit != 0 }.map(\.support)
            + Self.optionalReadOnlyCompatible.filter { readOnly & $0.bit != 0 }.map(\.support)
        let mountTime: UInt32 = field(0x2C)
        let mountTimeHigh: UInt8 = field(0x274)
        wasMounted = mountTime != 0 || mountTimeHigh != 0
        blockGroup = field(0x5A)
        let compatible: UInt32 = field(0x5C)
        let (journalInode, journalDevice): (UInt32, UInt32) = (field(0xE0), field(0xE4))
        let hasJournal = compatible & Self.compatJournal != 0 && journalInode != 0 && journalDevice == 0
        journal =
            hasJournal && field(0xFD) == Self.journalBackup
            ? Ext4Journal.place(node: Array(bytes[Self.journalBackupPlace])) : nil
        uuid = Array(bytes[0x68..<0x78])
        let readOnlyCompatible: UInt32 = field(0x64)
        let checksum: UInt32 = field(Self.checksumOffset)
        hasValidChecksum =
            readOnlyCompatible & Self.readOnlyMetadataChecksums == 0
            || checksum == crc32c(Array(bytes[..<Self.checksumOffset]))
    }

    /// Bytes; nil for a count that no device can have.
    package var size: UInt64? {
        let (size, overflow) = blockCount.multipliedReportingOverflow(by: UInt64(blockSize))
        return overflow ? nil : size
    }
}

/// A feature of ext4 that not every kernel is built with, and where a kernel that is shows it.
package struct KernelSupport: Hashable, Sendable {
    /// As `mkfs.ext4 -O` names it.
    package let feature: String
    package let path: Path

    package enum Path: Hashable, Sendable {
        /// Below /sys.
        case sys(String)
        /// Below /proc.
        case proc(String)
    }
}
