import Glibc
package import SystemPackage

/// Every byte of an image or a device that is not zero, to compare with a later one; holes cost nothing.
package struct Snapshot: Sendable {
    private static let pieceSize = 1 << 16

    private let size: UInt64
    /// By offset in bytes, in pieces of 64 KiB; a piece of zeros is left out.
    private let pieces: [UInt64: [UInt8]]

    package init(of path: String) throws(Errno) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw Errno(rawValue: errno) }
        var pieces: [UInt64: [UInt8]] = [:]
        let zeros = [UInt8](repeating: 0, count: Self.pieceSize)
        var offset: off_t = 0
        while let next = Self.data(in: descriptor, from: offset, end: end) {
            offset = next / off_t(Self.pieceSize) * off_t(Self.pieceSize)
            var piece = zeros
            let count = pread(descriptor, &piece, min(Self.pieceSize, Int(end - offset)), offset)
            guard count > 0 else { throw count < 0 ? Errno(rawValue: errno) : .ioError }
            if memcmp(piece, zeros, Self.pieceSize) != 0 { pieces[UInt64(offset)] = piece }
            offset += off_t(count)
        }
        self.pieces = pieces
        size = UInt64(end)
    }

    /// The next place that is not a hole (lseek(2), SEEK_DATA); devices have no holes.
    private static func data(in descriptor: Int32, from offset: off_t, end: off_t) -> off_t? {
        guard offset < end else { return nil }
        let next = lseek(descriptor, offset, 3)
        return next >= 0 ? next : errno == ENXIO ? nil : offset
    }

    package var isZero: Bool { pieces.isEmpty }

    /// The offset in bytes of the first byte that differs, nil if none does.
    package func firstDifference(from other: Snapshot) -> UInt64? {
        guard size == other.size else { return min(size, other.size) }
        let zeros = [UInt8](repeating: 0, count: Self.pieceSize)
        for offset in Set(pieces.keys).union(other.pieces.keys).sorted() {
            let one = pieces[offset] ?? zeros
            let another = other.pieces[offset] ?? zeros
            guard memcmp(one, another, Self.pieceSize) != 0 else { continue }
            return offset + UInt64(one.indices.first { one[$0] != another[$0] } ?? 0)
        }
        return nil
    }
}
