import Glibc
import SystemPackage

/// Reads an attribute file of sysfs: at most one page, without surrounding white space.
///
/// - Returns: nil if it cannot be read.
func attribute(_ path: String) -> String? {
    guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    defer { try? descriptor.close() }
    return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { page in
        guard let count = try? descriptor.read(into: page) else { return nil }
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) || byte == 0 }
        var text = page[..<count]
        while let last = text.last, isSpace(last) { text.removeLast() }
        while let first = text.first, isSpace(first) { text.removeFirst() }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The names in a directory, sorted; empty if it cannot be read.
func names(in directory: String) -> [String] {
    (try? namesOrError(in: directory)) ?? []
}

/// The names in a directory, sorted (opendir(3)).
func namesOrError(in directory: String) throws(Errno) -> [String] {
    guard let stream = opendir(directory) else { throw Errno(rawValue: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
            field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                String(cString: $0)
            }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// realpath(3): absolute, without symbolic links; nil if any part is missing.
func canonicalPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// An absolute path without symbolic links in the part of it that exists, as mount(8) and systemd take a mount point.
package func canonicalMountPoint(_ path: String) -> String {
    guard path.hasPrefix("/") else { return path }
    var existing = path.split(separator: "/")
    var missing: [Substring] = []
    while !existing.isEmpty {
        if let resolved = canonicalPath("/" + existing.joined(separator: "/")) {
            return ([resolved == "/" ? "" : resolved] + missing.map(String.init)).joined(separator: "/")
        }
        missing.insert(existing.removeLast(), at: 0)
    }
    return path
}

/// What stat(2) calls the kind of a file, in words.
func kind(of mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFREG: "a regular file"
    case S_IFBLK: "a block device"
    case S_IFCHR: "a character device"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    case S_IFLNK: "a symbolic link that leads nowhere"
    default: "something unknown"
    }
}
