import Glibc
package import SystemPackage

/// Small files and single bytes, without Foundation.
package enum Files {
    /// nil if it cannot be read.
    package static func text(_ path: String) -> String? {
        bytes(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// nil if it cannot be read.
    package static func bytes(_ path: String) -> [UInt8]? {
        guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
        defer { try? descriptor.close() }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while let count = try? piece.withUnsafeMutableBytes({ try descriptor.read(into: $0) }) {
            guard count > 0 else { return bytes }
            bytes += piece.prefix(count)
        }
        return nil
    }

    package static func write(_ text: String, to path: String) throws {
        let descriptor = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: FilePermissions(rawValue: 0o644)
        )
        try descriptor.closeAfter { _ = try descriptor.writeAll(Array(text.utf8)) }
    }

    /// A file of zeros that takes no room, or the same file with another length.
    package static func makeSparse(_ path: String, size: UInt64) throws {
        let descriptor = try FileDescriptor.open(
            path,
            .readWrite,
            options: [.create, .closeOnExec],
            permissions: FilePermissions(rawValue: 0o600)
        )
        try descriptor.closeAfter {
            guard ftruncate(descriptor.rawValue, off_t(size)) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    package static func overwrite(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
        let descriptor = try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
        try descriptor.closeAfter {
            _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes)
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }

    package static func read(_ path: String, at offset: UInt64, count: Int) throws -> [UInt8] {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = try bytes.withUnsafeMutableBytes {
                    try descriptor.read(
                        fromAbsoluteOffset: Int64(offset) + Int64(filled),
                        into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...])
                    )
                }
                guard got > 0 else { throw Errno.ioError }
                filled += got
            }
            return bytes
        }
    }

    package static func exists(_ path: String) -> Bool {
        var information = stat()
        return lstat(path, &information) == 0
    }

    package static func makeDirectory(_ path: String) throws(Errno) {
        guard mkdir(path, 0o755) == 0 else { throw Errno(rawValue: errno) }
    }

    /// The permission bits and the owner, as `stat -c '%a %u:%g'` prints them.
    package static func ownership(_ path: String) -> String? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return "\(String(information.st_mode & 0o7777, radix: 8)) \(information.st_uid):\(information.st_gid)"
    }
}
