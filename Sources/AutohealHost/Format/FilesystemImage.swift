import AutohealState
import FoundationEssentials
import Glibc
import SystemPackage

/// A file system that mkfs.ext4 has made in a file: every byte that a format writes, known before the first is written.
struct FilesystemImage: Sendable {
    /// Bytes of a page, the smallest piece that is looked at.
    private static let pageSize: UInt64 = 4096
    private static let readLength: UInt64 = 1 << 20

    private let file: ImageFile
    /// What is not zero, in whole pages, in order.
    let blocks: [Range<UInt64>]
    /// SHA-256 over the offset (64 bits, little-endian) and the bytes of every page that is not zero.
    let digest: Data

    init(_ file: ImageFile, size: UInt64) throws(TransferError) {
        self.file = file
        let extents: [Range<UInt64>]
        do throws(Errno) { extents = try file.extents() } catch { throw .failed(error, offset: 0) }
        var blocks: [Range<UInt64>] = []
        var digest = SHA256()
        let buffer = AlignedBuffer(count: Int(Self.readLength))
        for extent in extents {
            for start in stride(from: extent.lowerBound, to: extent.upperBound, by: Int(Self.readLength)) {
                let length = Int(min(Self.readLength, extent.upperBound - start))
                let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<length])
                try file.descriptor.transfer(bytes, at: start, by: pread)
                for pageStart in stride(from: 0, to: length, by: Int(Self.pageSize)) {
                    let pageEnd = min(pageStart + Int(Self.pageSize), length)
                    let page = UnsafeRawBufferPointer(rebasing: bytes[pageStart..<pageEnd])
                    guard !SectorComparison.isZero(page) else { continue }
                    let place = start + UInt64(pageStart)..<start + UInt64(pageEnd)
                    withUnsafeBytes(of: place.lowerBound.littleEndian) { digest.update($0) }
                    digest.update(page)
                    if let last = blocks.last, last.upperBound == place.lowerBound {
                        blocks[blocks.count - 1] = last.lowerBound..<place.upperBound
                    } else {
                        blocks.append(place)
                    }
                }
            }
        }
        self.blocks = blocks
        self.digest = digest.finish()
    }

    /// Fills a buffer with what the image has at an offset in bytes; zeros where nothing was written.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(TransferError) {
        try file.descriptor.transfer(buffer, at: offset, by: pread)
    }
}
