import Glibc
package import SystemPackage

/// What the watcher may not do itself and asks others for, by an empty file that a unit waits for: so that it can say no more
/// than "now".
package struct Requests: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Growing the file systems to the size of their devices.
        case grow
        /// Releasing the volumes, if the metadata service says so to who does it, too.
        case release
    }

    private let directory: String

    package init(directory: String) { self.directory = directory }

    package func ask(for kind: Kind) throws(Errno) {
        let descriptor = open("\(directory)/\(kind.rawValue)", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        close(descriptor)
    }
}
