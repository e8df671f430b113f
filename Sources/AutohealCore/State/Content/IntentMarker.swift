package import AutohealSpec

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A block near the end of a device that says "this image was going to be written here, and the work has not finished".
///
/// It is written and flushed before the first block of the image and cleared after the last; it travels with the volume, so
/// that the next instance can make the same image again and finish the work. It excuses nothing by itself: what may be
/// overwritten is decided by comparing the device with the image, whose SHA-256 the marker carries.
package struct IntentMarker: Hashable, Sendable, Codable {
    package static let blockSize = 4096
    /// Bytes of a device from which on there is room for a marker.
    private static let smallestDevice: UInt64 = 1 << 20
    private static let magic = Array("AUTOHEAL-INTENT\0".utf8)
    private static let version: UInt32 = 2
    private static let legacyVersion: UInt32 = 1
    private static let headerSize = 32
    private static let checksumField = 24..<28

    package var recipe: FormatRecipe
    /// SHA-256 of the image.
    package var digest: Data
    /// For the reader of a hex dump only: a copy of the volume has another id and may be resumed all the same.
    package var volume: String?

    package init(recipe: FormatRecipe, digest: Data, volumeID: VolumeID? = nil) {
        self.recipe = recipe
        self.digest = digest
        volume = volumeID?.description
    }

    /// Bytes from the start of a device of `deviceSize` bytes: clear of what mkfs.ext4 writes by default.
    ///
    /// - Returns: nil for a device that has no room for it.
    package static func place(deviceSize: UInt64) -> Range<UInt64>? {
        let end = deviceSize / UInt64(blockSize) * UInt64(blockSize)
        guard end > smallestDevice else { return nil }
        return end - 128 << 10..<end - 128 << 10 + UInt64(blockSize)
    }

    /// One block: magic, version and length (little-endian), the recipe as JSON, zeros; a CRC-32 over all but itself.
    ///
    /// What is usual fits into the first sector, which a device writes whole or not at all.
    ///
    /// - Throws: if the recipe is too long for a block.
    package func block() throws(ConfigurationError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let payload = try? encoder.encode(self), payload.count <= Self.blockSize - Self.headerSize else {
            throw ConfigurationError(
                key: "mkfs-options",
                found: "\(recipe.options.words.joined(separator: " ").prefix(40)) ...",
                problem: "are too long to be kept on the device while it is formatted"
            )
        }
        var block = Self.magic
        block.append(littleEndian: Self.version)
        block.append(littleEndian: UInt32(payload.count))
        block.append(contentsOf: [UInt8](repeating: 0, count: Self.headerSize - block.count))
        block.append(contentsOf: payload)
        block.append(contentsOf: [UInt8](repeating: 0, count: Self.blockSize - block.count))
        var checksum: [UInt8] = []
        checksum.append(littleEndian: crc32(block))
        block.replaceSubrange(Self.checksumField, with: checksum)
        return block
    }

    /// Reads a block back.
    ///
    /// - Returns: nil unless it is a whole marker for a device of `deviceSize` bytes whose recipe this agent can follow.
    package init?(block: [UInt8], deviceSize: UInt64) {
        guard Self.version(of: block) == Self.version else { return nil }
        var header = LittleEndianReader(bytes: block, position: Self.magic.count + 4)
        let length: UInt32 = header.next()
        let checksum: UInt32 = header.next()
        guard length <= UInt32(Self.blockSize - Self.headerSize) else { return nil }
        let payload = block[Self.headerSize..<Self.headerSize + Int(length)]
        var cleared = block
        cleared.replaceSubrange(Self.checksumField, with: [0, 0, 0, 0])
        guard crc32(cleared) == checksum, block[payload.endIndex...].allSatisfy({ $0 == 0 }),
            let marker = try? JSONDecoder().decode(Self.self, from: Data(payload)),
            marker.recipe.size == deviceSize, marker.recipe.isSound, marker.digest.count == 32
        else { return nil }
        self = marker
    }

    /// Whether a block is the whole marker of 0.1.0 for a device of this size: magic, version 1, the size in bytes at 48,
    /// CRC-32 at the end. It does not tell what was going to be written.
    package static func isLegacy(block: [UInt8], deviceSize: UInt64) -> Bool {
        guard version(of: block) == legacyVersion else { return false }
        var size = LittleEndianReader(bytes: block, position: 48)
        var checksum = LittleEndianReader(bytes: block, position: blockSize - 4)
        return size.next() == deviceSize && checksum.next() == crc32(Array(block.dropLast(4)))
    }

    private static func version(of block: [UInt8]) -> UInt32? {
        guard block.count == blockSize, block.starts(with: magic) else { return nil }
        var reader = LittleEndianReader(bytes: block, position: magic.count)
        return reader.next() as UInt32
    }
}

extension FormatRecipe {
    /// Whether what was read from a device is something that a person could have asked for: it becomes arguments of a
    /// program. The options are checked where they are decoded.
    fileprivate var isSound: Bool {
        (label.map { (try? VolumeSpec.label($0)) != nil } ?? true) && mode.map { $0 <= 0o7777 } ?? true
            && [512, 1024, 2048, 4096].contains(geometry.logicalSector) && (0...Int64(UInt32.max)).contains(time)
            && size >= VolumeSpec.minimumSize && e2fsprogs.utf8.count <= 32
            && (1024...65_536).contains(blockSize)
    }
}
