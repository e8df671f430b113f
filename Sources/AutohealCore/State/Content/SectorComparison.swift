#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Compares what a device has with what a format is going to write, in sectors of 512 bytes: the smallest piece that a
/// device writes whole, so that a block of which only some sectors were written is still recognised.
package enum SectorComparison {
    package static let sectorSize = 512

    /// The place of the first sector that is neither zero nor equal to the image's, in bytes from the start of `device`.
    ///
    /// - Parameters:
    ///   - device: what was read of the device.
    ///   - image: what the image has there; nil if only zeros will do.
    package static func firstForeignSector(
        in device: UnsafeRawBufferPointer,
        image: UnsafeRawBufferPointer?
    ) -> Int? {
        // Almost always all of it is zero, which is found out in one go.
        if isZero(device) { return nil }
        return stride(from: 0, to: device.count, by: sectorSize).first { start in
            let end = min(start + sectorSize, device.count)
            let sector = UnsafeRawBufferPointer(rebasing: device[start..<end])
            guard !isZero(sector) else { return false }
            guard let image else { return true }
            let expected = UnsafeRawBufferPointer(rebasing: image[start..<end])
            return !sector.elementsEqual(expected)
        }
    }

    /// The place of the first byte that is not zero.
    package static func firstData(in bytes: UnsafeRawBufferPointer) -> Int? {
        isZero(bytes) ? nil : bytes.firstIndex { $0 != 0 }
    }

    /// By memcmp(3), at the speed of memory.
    package static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, let first = bytes.first else { return true }
        return first == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
    }
}
