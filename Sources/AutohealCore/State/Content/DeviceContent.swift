package import AutohealSpec
package import SystemPackage

/// What is on a device, in the words the planner decides by.
package enum DeviceContent: Hashable, Sendable {
    /// libblkid finds nothing, twice, and every byte that was read is zero; if it is marked, outside the block of a valid
    /// marker, whose format wrote nothing else or cannot be made again.
    case blank(SurveyCoverage, isMarked: Bool)
    /// libblkid finds nothing, twice; the image that the marker announces was made again, and every sector that was read is
    /// zero or what the image has there.
    case interruptedFormat(IntentMarker, SurveyCoverage)
    /// libblkid finds nothing, and the bytes were not read: nothing that was asked for depends on them.
    case unrecognised
    case filesystem(Filesystem)
    /// A partition table of the named type, with or without a file system beside it.
    case partitionTable(Signature)
    /// RAID or volume-manager members, encryption, swap: in use by something that is not a file system.
    case other(Signature)
    /// More than one signature, or libblkid cannot decide.
    case ambivalent([Signature])
    /// A file system that is there but not sound.
    case damaged(Damage)
    /// Nothing recognised, but not zero at `offset` (bytes).
    case unknownData(offset: UInt64, besides: FormatTrace?)
    case unreadable(Errno, offset: UInt64?)
    /// The device ended before its own size (bytes): a read at `offset` was short.
    case shortRead(offset: UInt64)

    package struct Filesystem: Hashable, Sendable {
        package var type: FilesystemType
        package var label: String?
        package var uuid: String?
        /// Bytes, where the agent can tell (``FilesystemType/superblockPlace``).
        package var size: UInt64?
        /// An intent marker where an unfinished mkfs leaves one; of this file system only if the UUID is the same.
        package var leftoverMarker: IntentMarker?

        package init(
            type: FilesystemType,
            label: String? = nil,
            uuid: String? = nil,
            size: UInt64? = nil,
            leftoverMarker: IntentMarker? = nil
        ) {
            self.type = type
            self.label = label
            self.uuid = uuid
            self.size = size
            self.leftoverMarker = leftoverMarker
        }
    }

    /// The marker of a format beside data that it does not explain.
    package enum FormatTrace: Hashable, Sendable {
        /// Of 0.1.0, which does not tell what was going to be written.
        case legacyFormat
        /// The image was made again, and does not have what is at the offset.
        case thisFormat
        /// The programs here do not make the image that the marker announces; the version of those that did.
        case otherFormat(e2fsprogs: String)
    }

    package enum Damage: Hashable, Sendable {
        /// The superblock of the named type is there, but its checksum is wrong.
        case badChecksum(type: String)
        /// No primary superblock, but a backup of an ext file system at `offset` (bytes), in blocks of `blockSize`.
        case lostSuperblock(backupOffset: UInt64, blockSize: UInt32)
    }
}
