import AutohealState
import CLinux
import Glibc
package import SystemPackage

/// Reads a device or an image: sizes, flags, and bytes that come from the device and not from an old cache.
package struct DeviceReader: Sendable {
    let descriptor: FileDescriptor
    /// Bytes.
    package let size: UInt64
    package let isReadOnly: Bool
    /// A device, not an image file.
    let isBlockDevice: Bool
    private let mayUseCache: Bool

    /// What libblkid reads on a device it knows nothing of (measured with 2.38.1): both ends, in bytes, and pages of their own
    /// at these distances from the start and from the end. Another version's other places are only read later.
    private static let probedEnd: UInt64 = 512 << 10
    private static let probedFromStart: [UInt64] = [1 << 20, 2 << 20, 4 << 20]
    private static let probedFromEnd: [UInt64] = [1_580_544]
    private static let pageSize: UInt64 = 4096
    /// The kernel cuts one request for read-ahead at the device's own limit, so ask in pieces.
    private static let readAheadPiece: UInt64 = 128 << 10

    /// - Parameter mayUseCache: for looking only; what decides reads from the device.
    package init(_ descriptor: FileDescriptor, mayUseCache: Bool = false) throws(Errno) {
        self.descriptor = descriptor
        self.mayUseCache = mayUseCache
        var information = stat()
        guard fstat(descriptor.rawValue, &information) == 0 else { throw Errno(rawValue: errno) }
        switch information.st_mode & S_IFMT {
        case S_IFBLK:
            var size: UInt64 = 0
            var readOnly: Int32 = 0
            guard clinux_block_size_in_bytes(descriptor.rawValue, &size) == 0,
                clinux_block_is_read_only(descriptor.rawValue, &readOnly) == 0
            else { throw Errno(rawValue: errno) }
            self.size = size
            isReadOnly = readOnly != 0
            isBlockDevice = true
        case S_IFREG:
            size = UInt64(max(0, information.st_size))
            isReadOnly = false
            isBlockDevice = false
        default:
            throw .invalidArgument
        }
    }

    /// Forgets what the page cache holds of the device (BLKFLSBUF); nothing to do for an image.
    func dropCache() throws(Errno) {
        guard isBlockDevice, !mayUseCache, clinux_block_flush_buffers(descriptor.rawValue) != 0 else { return }
        throw Errno(rawValue: errno)
    }

    /// The same device, opened anew past the page cache; the caller closes it. An image file is opened as any file.
    ///
    /// - Parameter flags: of open(2) besides those.
    func reopened(_ flags: Int32) throws(Errno) -> FileDescriptor {
        let direct = isBlockDevice ? clinux_o_direct : 0
        // By the descriptor: what is opened is what was opened, under whatever name it is now.
        let path = "/proc/self/fd/\(descriptor.rawValue)"
        let reopened = open(path, flags | direct | O_CLOEXEC | O_NONBLOCK)
        guard reopened >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: reopened)
    }

    /// What mkfs.ext4 asks a device.
    func geometry() throws(Errno) -> DeviceGeometry {
        var logical: Int32 = 0
        var (physical, minimum, optimal): (UInt32, UInt32, UInt32) = (0, 0, 0)
        guard clinux_block_logical_sector_size(descriptor.rawValue, &logical) == 0,
            clinux_block_physical_sector_size(descriptor.rawValue, &physical) == 0,
            clinux_block_minimum_io(descriptor.rawValue, &minimum) == 0,
            clinux_block_optimal_io(descriptor.rawValue, &optimal) == 0
        else { throw Errno(rawValue: errno) }
        return DeviceGeometry(
            logicalSector: UInt64(logical),
            physicalSector: UInt64(physical),
            minimumIO: UInt64(minimum),
            optimalIO: UInt64(optimal)
        )
    }

    /// Asks for what a probe will read, all at once instead of one after the other.
    func prefetchForProbe() {
        let pages = Self.probedFromStart + Self.probedFromEnd.filter { $0 <= size }.map { size - $0 }
        let ends = [0..<min(size, Self.probedEnd), (size > Self.probedEnd ? size - Self.probedEnd : 0)..<size]
        prefetch(ends + pages.filter { $0 < size }.map { $0..<min($0 + Self.pageSize, size) })
    }

    private func prefetch(_ ranges: [Range<UInt64>]) {
        for range in ranges {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.readAheadPiece)) {
                let length = min(Self.readAheadPiece, range.upperBound - start)
                posix_fadvise(descriptor.rawValue, off_t(start), off_t(length), POSIX_FADV_WILLNEED)
            }
        }
    }
}
