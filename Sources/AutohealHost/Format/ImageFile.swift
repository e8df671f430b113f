import CLinux
import Glibc
import SystemPackage

/// An unlinked sparse file for the image of a file system: in memory, or on the root disk.
final class ImageFile: Sendable {
    let descriptor: FileDescriptor

    private init(_ descriptor: Int32, size: UInt64) throws(Errno) {
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        self.descriptor = FileDescriptor(rawValue: descriptor)
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Errno(rawValue: errno) }
    }

    deinit { try? descriptor.close() }

    /// - Parameters:
    ///   - size: bytes that the file seems to have.
    ///   - limit: bytes of memory that it may use.
    static func inMemory(size: UInt64, limit: UInt64) throws(Errno) -> ImageFile {
        try ImageFile(clinux_open_memory_file(limit), size: size)
    }

    static func onDisk(size: UInt64, directory: String) throws(Errno) -> ImageFile {
        try ImageFile(clinux_open_unlinked_file(directory), size: size)
    }

    /// Whether nothing more goes into its file system (statvfs(3)).
    var isFull: Bool {
        var information = statvfs()
        return fstatvfs(descriptor.rawValue, &information) != 0 || information.f_bavail == 0
    }

    /// The parts that were written, in order (lseek(2), SEEK_DATA and SEEK_HOLE).
    func extents() throws(Errno) -> [Range<UInt64>] {
        var extents: [Range<UInt64>] = []
        var offset: off_t = 0
        while true {
            let start = lseek(descriptor.rawValue, offset, clinux_seek_data)
            if start < 0, errno == ENXIO { return extents }
            let end = start < 0 ? -1 : lseek(descriptor.rawValue, start, clinux_seek_hole)
            guard end > start else { throw Errno(rawValue: errno) }
            extents.append(UInt64(start)..<UInt64(end))
            offset = end
        }
    }
}
