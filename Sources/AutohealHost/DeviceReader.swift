import AutohealCore
import CLinux
import Glibc
package import SystemPackage

/// Reads a device or an image: sizes, flags, and bytes that come from the device and not from an old cache.
package struct DeviceReader: Sendable {
    let descriptor: FileDescriptor
    /// Bytes.
    package let size: UInt64
    package let isReadOnly: Bool
    private let canDropCache: Bool

    /// What libblkid reads on a device it knows nothing of, in bytes from either end (measured).
    private static let probedHead: UInt64 = 512 << 10
    private static let probedTail: UInt64 = 1664 << 10
    /// The kernel cuts one request for read-ahead at the device's own limit, so ask in pieces.
    private static let readAheadPiece: UInt64 = 128 << 10

    /// - Parameter mayUseCache: for looking only; what decides reads from the device.
    package init(_ descriptor: FileDescriptor, mayUseCache: Bool = false) throws(Errno) {
        self.descriptor = descriptor
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
            canDropCache = !mayUseCache
        case S_IFREG:
            size = UInt64(max(0, information.st_size))
            isReadOnly = false
            canDropCache = false
        default:
            throw .invalidArgument
        }
    }

    /// Forgets what the page cache holds of the device (BLKFLSBUF); nothing to do for an image.
    func dropCache() throws(Errno) {
        guard canDropCache, clinux_block_flush_buffers(descriptor.rawValue) != 0 else { return }
        throw Errno(rawValue: errno)
    }

    /// Asks for what a probe will read, all at once instead of one after the other.
    func prefetchForProbe() {
        prefetch([0..<min(size, Self.probedHead), (size > Self.probedTail ? size - Self.probedTail : 0)..<size])
    }

    func prefetch(_ ranges: [Range<UInt64>]) {
        for range in ranges {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.readAheadPiece)) {
                let length = min(Self.readAheadPiece, range.upperBound - start)
                posix_fadvise(descriptor.rawValue, off_t(start), off_t(length), POSIX_FADV_WILLNEED)
            }
        }
    }
}

/// A read that did not give what was asked for; offsets in bytes.
package enum ReadError: Error, Hashable, Sendable, CustomStringConvertible {
    case failed(Errno, offset: UInt64)
    case short(offset: UInt64)

    package var description: String {
        switch self {
        case .failed(let errno, let offset): "\(errno) at offset \(offset)"
        case .short(let offset): "the device ends at offset \(offset), before its own size"
        }
    }

    var content: DeviceContent {
        switch self {
        case .failed(let errno, let offset): .unreadable(errno, offset: offset)
        case .short(let offset): .shortRead(offset: offset)
        }
    }
}
