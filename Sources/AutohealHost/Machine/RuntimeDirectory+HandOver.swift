package import AutohealRun
import Glibc
package import SystemPackage

extension RuntimeDirectory {
    private var handOverFile: String { "\(path)/hand-over" }

    /// What is noted of a hand-over, until the machine is off or a person takes it back; nil if there is none.
    package var handOver: HandOver? { json(inFile: handOverFile) }

    /// Whether a release is at work now.
    package var isReleasing: Bool {
        guard let lock = try? FileDescriptor.open("\(path)/hand-over.lock", .readOnly, options: .closeOnExec) else {
            return false
        }
        defer { try? lock.close() }
        return flock(lock.rawValue, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// The right to change what is noted; held by a release for as long as it is at work.
    ///
    /// - Returns: nil while somebody else has it.
    package func holdHandOver() throws(Errno) -> HandOverHold? {
        try create()
        let lock: FileDescriptor
        do {
            lock = try FileDescriptor.open(
                "\(path)/hand-over.lock",
                .readWrite,
                options: [.create, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o644)
            )
        } catch {
            throw error as? Errno ?? .ioError
        }
        // The watcher's look at it is over in a moment, and is no release.
        for _ in 0..<5 {
            if flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 { return HandOverHold(directory: self, lock: lock) }
            usleep(10_000)
        }
        try? lock.close()
        return nil
    }

    fileprivate func replaceHandOver(_ handOver: HandOver?) throws(Errno) {
        if let handOver {
            try write(json: handOver, to: handOverFile)
        } else if unlink(handOverFile) != 0, errno != ENOENT {
            throw Errno(rawValue: errno)
        }
    }
}

/// What is noted of a hand-over, for whoever may change it.
package struct HandOverHold: ~Copyable, Sendable {
    fileprivate let directory: RuntimeDirectory
    fileprivate let lock: FileDescriptor

    deinit { try? lock.close() }

    /// Adds a decision to what is noted; an end that was noted stays noted.
    package func note(_ handOver: HandOver) throws(Errno) {
        try directory.replaceHandOver(directory.handOver?.joined(handOver) ?? handOver)
    }

    /// Notes that nothing is left to release.
    package func noteDone() throws(Errno) {
        guard var handOver = directory.handOver else { return }
        handOver.isDone = true
        try directory.replaceHandOver(handOver)
    }

    /// Takes mount points back, unless the instance ends.
    ///
    /// - Returns: those that had been handed over.
    package func takeBack(_ mountPoints: [String]) throws(Errno) -> [String] {
        guard let handOver = directory.handOver, handOver.ending == nil else { return [] }
        try directory.replaceHandOver(handOver.without(mountPoints))
        return handOver.mountPoints.filter(mountPoints.contains)
    }
}
