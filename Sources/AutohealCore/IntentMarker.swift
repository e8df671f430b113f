#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A block near the end of a device that says "a format of ours was begun here and has not finished".
///
/// mkfs.ext4 writes the primary superblock last, so a device on which it was killed shows nothing to libblkid and is not
/// blank either. The marker is written and synced before mkfs and cleared after the result was seen; it travels with the
/// volume, so that the next instance can finish the work.
package struct IntentMarker: Hashable, Sendable {
    package static let blockSize = 4096
    private static let magic = Array("AUTOHEAL-INTENT\0".utf8)
    private static let version: UInt32 = 1
    private static let volumeIDField = 64..<96

    /// The UUID of the file system that mkfs is making.
    package var filesystemUUID: UUID
    /// Seconds since 1970 when the format began.
    package var time: Int64
    /// The device's size in bytes at that time: a marker found at another size is not valid.
    package var deviceSize: UInt64
    /// For the reader of a hex dump only: a copy of the volume has another id and may be resumed all the same.
    package var volumeID: VolumeID?

    package init(filesystemUUID: UUID, time: Int64, deviceSize: UInt64, volumeID: VolumeID? = nil) {
        self.filesystemUUID = filesystemUUID
        self.time = time
        self.deviceSize = deviceSize
        self.volumeID = volumeID
    }

    /// Bytes from the start of a device of `deviceSize` bytes: clear of everything mkfs.ext4 writes.
    ///
    /// - Returns: nil for a device that has no room for it.
    package static func offset(deviceSize: UInt64) -> UInt64? {
        let end = deviceSize / UInt64(blockSize) * UInt64(blockSize)
        return end > 1 << 20 ? end - 128 << 10 : nil
    }

    /// One block: magic, version, UUID, time, size and volume id, zeros, CRC-32; integers little-endian.
    package var bytes: [UInt8] {
        var block = Self.magic
        block.append(littleEndian: Self.version)
        block.append(littleEndian: UInt32(0))
        withUnsafeBytes(of: filesystemUUID.uuid) { block.append(contentsOf: $0) }
        block.append(littleEndian: time)
        block.append(littleEndian: deviceSize)
        block.append(contentsOf: [UInt8](repeating: 0, count: Self.volumeIDField.lowerBound - block.count))
        block.append(contentsOf: (volumeID?.description ?? "").utf8)
        block.append(contentsOf: [UInt8](repeating: 0, count: Self.blockSize - 4 - block.count))
        block.append(littleEndian: crc32(block))
        return block
    }

    /// Reads a block back.
    ///
    /// - Returns: nil unless every byte is as ``bytes`` would write it for a device of `deviceSize` bytes.
    package init?(block: [UInt8], deviceSize: UInt64) {
        guard block.count == Self.blockSize, block.starts(with: Self.magic) else { return nil }
        var words = LittleEndianReader(bytes: block, position: Self.magic.count)
        _ = (words.next() as UInt32, words.next() as UInt32)
        let uuid = UUID(
            uuid: (
                block[24], block[25], block[26], block[27], block[28], block[29], block[30], block[31],
                block[32], block[33], block[34], block[35], block[36], block[37], block[38], block[39]
            )
        )
        words.position = 40
        let time: Int64 = words.next()
        let size: UInt64 = words.next()
        let volumeID = String(decoding: block[Self.volumeIDField].prefix { $0 != 0 }, as: UTF8.self)
        self.init(filesystemUUID: uuid, time: time, deviceSize: size, volumeID: VolumeID(volumeID))
        // Written out again and compared: version, padding and CRC-32 are checked in one go.
        guard size == deviceSize, bytes == block else { return nil }
    }
}
