import Glibc
import SystemPackage

extension DeviceReader {
    /// A range, whole.
    func read(_ range: Range<UInt64>) throws(TransferError) -> [UInt8] {
        let buffer = AlignedBuffer(count: range.count)
        try descriptor.transfer(buffer.bytes, at: range.lowerBound, by: pread)
        return Array(buffer.bytes)
    }

    /// The first `count` bytes as the device has them, past the page cache, which stays as it is.
    func readHeadFromDevice(count: Int) throws(TransferError) -> [UInt8] {
        let direct: FileDescriptor
        do throws(Errno) { direct = try reopened(O_RDONLY) } catch { throw .failed(error, offset: 0) }
        defer { try? direct.close() }
        let buffer = AlignedBuffer(count: count)
        try direct.transfer(buffer.bytes, at: 0, by: pread)
        return Array(buffer.bytes)
    }
}

/// Memory that O_DIRECT takes on every device there is.
final class AlignedBuffer {
    private static let alignment = 4096

    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) { bytes = .allocate(byteCount: count, alignment: Self.alignment) }

    deinit { bytes.deallocate() }
}

extension FileDescriptor {
    /// pread(2) or pwrite(2) until all of the buffer has gone through.
    func transfer(
        _ buffer: UnsafeMutableRawBufferPointer,
        at start: UInt64,
        by call: (Int32, UnsafeMutableRawPointer?, Int, off_t) -> Int
    ) throws(TransferError) {
        var done = 0
        while done < buffer.count {
            let offset = start + UInt64(done)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = call(rawValue, rest.baseAddress, rest.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .failed(Errno(rawValue: errno), offset: offset) }
            guard count > 0 else { throw .short(offset: offset) }
            done += count
        }
    }

    /// pwrite(2) as ``transfer(_:at:by:)`` wants it.
    static func write(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ offset: off_t) -> Int {
        Glibc.pwrite(descriptor, bytes, count, offset)
    }
}
