#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a survey found on a device on which libblkid finds nothing.
package struct SurveyFindings: Hashable, Sendable {
    package var coverage: SurveyCoverage
    /// Offset in bytes of a byte that is not zero, outside the block of a valid marker.
    package var firstData: UInt64?
    package var mark: Mark
    /// What came of making the marker's image again; only tried where there is a marker.
    package var remake: Remake = .notTried
    /// Backup superblocks of ext file systems and their offsets in bytes.
    package var extBackups: [ExtBackup] = []

    /// What is at the place of the marker.
    package enum Mark: Hashable, Sendable {
        case none
        /// That of 0.1.0, which does not tell what was going to be written.
        case legacy
        case intent(IntentMarker)
    }

    package enum Remake: Hashable, Sendable {
        case notTried
        /// The programs here do not make the image that the marker announced.
        case otherImage
        /// The same image; the offset in bytes of a sector that is neither zero nor what the image has there.
        case sameImage(foreign: UInt64?)
    }

    package struct ExtBackup: Hashable, Sendable {
        package var offset: UInt64
        package var superblock: Ext4Superblock

        package init(offset: UInt64, superblock: Ext4Superblock) {
            self.offset = offset
            self.superblock = superblock
        }
    }

    package init(coverage: SurveyCoverage, mark: Mark = .none) {
        self.coverage = coverage
        self.mark = mark
    }

    /// Blank, an interrupted format of ours, or somebody's data.
    ///
    /// A marker excuses nothing by itself: what else is on the device must be, sector by sector, what the image that it
    /// announces has there.
    package var content: DeviceContent {
        if case .intent(let marker) = mark, remake == .sameImage(foreign: nil) {
            return .interruptedFormat(marker, coverage)
        }
        guard let firstData else { return .blank(coverage, isMarked: mark != .none) }
        let foreignBackup = extBackups.first { backup in
            guard case .intent(let marker) = mark else { return true }
            return !withUnsafeBytes(of: marker.recipe.uuid.uuid) { $0.elementsEqual(backup.superblock.uuid) }
        }
        if let foreignBackup {
            return .damaged(
                .lostSuperblock(backupOffset: foreignBackup.offset, blockSize: foreignBackup.superblock.blockSize)
            )
        }
        switch (mark, remake) {
        case (.none, _): return .unknownData(offset: firstData, besides: nil)
        case (.legacy, _): return .unknownData(offset: firstData, besides: .legacyFormat)
        case (.intent, .sameImage(let foreign)):
            return .unknownData(offset: foreign ?? firstData, besides: .thisFormat)
        case (.intent(let marker), _):
            return .unknownData(offset: firstData, besides: .otherFormat(e2fsprogs: marker.recipe.e2fsprogs))
        }
    }
}
