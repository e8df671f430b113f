import CLinux
import Glibc
package import SystemPackage

/// A directory of one test, in memory where possible; everything mounted below it and everything in it goes with it.
package struct ScratchDirectory: ~Copyable {
    package let path: String

    package init() throws(Errno) {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(base)/autoheal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Tests that give up root have to get in.
        chmod(path, 0o755)
    }

    deinit {
        for mount in Mounts.all().reversed() where mount.target.hasPrefix(path + "/") {
            if umount2(mount.target, 0) != 0 { umount2(mount.target, Int32(MNT_DETACH)) }
        }
        Self.remove(path)
    }

    /// rm -r, immutable directories too, on this file system only.
    private static func remove(_ path: String) {
        var information = stat()
        guard lstat(path, &information) == 0 else { return }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        setImmutable(path, false)
        var names: [String] = []
        if let stream = opendir(path) {
            while let entry = readdir(stream) { names.append(entry.name) }
            closedir(stream)
        }
        for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// `chattr +i` or `-i`.
    ///
    /// - Returns: false where the file system knows no such flag.
    @discardableResult
    package static func setImmutable(_ path: String, _ immutable: Bool) -> Bool {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var flags: Int32 = 0
        guard clinux_get_inode_flags(descriptor, &flags) == 0 else { return false }
        flags = immutable ? flags | clinux_immutable_flag : flags & ~clinux_immutable_flag
        return clinux_set_inode_flags(descriptor, flags) == 0
    }
}

extension UnsafeMutablePointer<dirent> {
    fileprivate var name: String {
        withUnsafePointer(to: &pointee.d_name) { field in
            field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                String(cString: $0)
            }
        }
    }
}
