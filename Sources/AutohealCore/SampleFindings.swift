#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the samples of a device on which libblkid finds nothing hold.
package struct SampleFindings: Hashable, Sendable {
    /// Offset in bytes of the first byte that is not zero, outside a valid intent marker.
    package var firstData: UInt64?
    /// The same for where an interrupted mkfs leaves nothing (``BlanknessSamples/isBeyondMetadata(_:)``).
    package var firstBodyData: UInt64?
    package var marker: IntentMarker?
    /// Backup superblocks of ext file systems and their offsets in bytes.
    package var extBackups: [ExtBackup] = []

    package struct ExtBackup: Hashable, Sendable {
        package var offset: UInt64
        package var superblock: Ext4Superblock

        package init(offset: UInt64, superblock: Ext4Superblock) {
            self.offset = offset
            self.superblock = superblock
        }
    }

    package init() {}

    /// Blank, an interrupted format of ours, or somebody's data.
    ///
    /// A marker alone is not believed: what else is on the device must be what the mkfs it announces can have written.
    package var content: DeviceContent {
        guard let firstData else { return marker.map(DeviceContent.interruptedFormat) ?? .blank }
        let foreignBackup = extBackups.first { backup in
            marker.map { !$0.isFilesystem(withUUID: backup.superblock.uuid) } ?? true
        }
        if let foreignBackup {
            return .damaged(
                .lostSuperblock(backupOffset: foreignBackup.offset, blockSize: foreignBackup.superblock.blockSize)
            )
        }
        guard let marker, firstBodyData == nil else { return .unknownData(offset: firstBodyData ?? firstData) }
        return .interruptedFormat(marker)
    }
}

extension IntentMarker {
    fileprivate func isFilesystem(withUUID bytes: [UInt8]) -> Bool {
        withUnsafeBytes(of: filesystemUUID.uuid) { $0.elementsEqual(bytes) }
    }
}
