import Glibc
package import SystemPackage

/// A device that this process holds as another program would: exclusively (open(2), O_EXCL) or under a lock (flock(2)).
package struct HeldDevice: ~Copyable {
    package enum Manner: Sendable { case exclusive, lock }

    private let descriptor: Int32

    package init(_ path: String, _ manner: Manner) throws(Errno) {
        let flags = O_RDONLY | O_CLOEXEC | (manner == .exclusive ? O_EXCL : 0)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        guard manner == .exclusive || flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Errno(rawValue: errno)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Lets go now.
    package consuming func release() {}
}
