import CLinux
import Glibc
import SystemPackage

extension DeviceReader {
    /// Bytes read at once while looking for data.
    private static let pieceLength: UInt64 = 1 << 20
    /// What O_DIRECT wants buffers and offsets to be multiples of, on every device there is.
    private static let alignment = 4096

    /// A range, whole.
    func read(_ range: Range<UInt64>) throws(ReadError) -> [UInt8] {
        try withBuffer(count: range.count) { buffer throws(ReadError) in
            try fill(buffer, from: range.lowerBound, through: descriptor)
            return Array(buffer)
        }
    }

    /// The first `count` bytes as the device has them, past the page cache, which stays as it is.
    func readHeadFromDevice(count: Int) throws(ReadError) -> [UInt8] {
        let direct = open("/proc/self/fd/\(descriptor.rawValue)", O_RDONLY | O_CLOEXEC | clinux_o_direct)
        guard direct >= 0 else { throw .failed(Errno(rawValue: errno), offset: 0) }
        defer { close(direct) }
        return try withBuffer(count: count) { buffer throws(ReadError) in
            try fill(buffer, from: 0, through: FileDescriptor(rawValue: direct))
            return Array(buffer)
        }
    }

    /// The offset of the first byte in a range that is not zero.
    func firstData(in range: Range<UInt64>) throws(ReadError) -> UInt64? {
        // An image may be an empty file.
        guard !range.isEmpty else { return nil }
        return try withBuffer(count: Int(min(UInt64(range.count), Self.pieceLength))) { buffer throws(ReadError) in
            for start in stride(from: range.lowerBound, to: range.upperBound, by: buffer.count) {
                let length = Int(min(UInt64(buffer.count), range.upperBound - start))
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
                try fill(piece, from: start, through: descriptor)
                if let index = Self.firstNonZero(in: piece) { return start + UInt64(index) }
            }
            return nil
        }
    }

    private func withBuffer<Result>(
        count: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws(ReadError) -> Result
    ) throws(ReadError) -> Result {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: Self.alignment)
        defer { buffer.deallocate() }
        return try body(buffer)
    }

    /// pread(2) until the buffer is full.
    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer,
        from start: UInt64,
        through descriptor: FileDescriptor
    ) throws(ReadError) {
        var filled = 0
        while filled < buffer.count {
            let offset = start + UInt64(filled)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor.rawValue, rest.baseAddress, rest.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .failed(Errno(rawValue: errno), offset: offset) }
            guard count > 0 else { throw .short(offset: offset) }
            filled += count
        }
    }

    /// nil if all are zero, which memcmp finds out at the speed of memory.
    private static func firstNonZero(in bytes: UnsafeMutableRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress, let first = bytes.first else { return nil }
        let isZero = first == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
        return isZero ? nil : bytes.firstIndex { $0 != 0 }
    }
}
