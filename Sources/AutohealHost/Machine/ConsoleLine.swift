package import AutohealRun
import Glibc
package import SystemPackage

extension ConsoleOutcome {
    /// Writes the line with one write(2), which does not wait for a console that takes nothing.
    ///
    /// - Throws: `EAGAIN` too where only a part of it was taken, which is no line then.
    package func write(to console: String) throws(Errno) {
        let descriptor = open(console, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        let bytes = bytes
        while true {
            let count = Glibc.write(descriptor, bytes, bytes.count)
            if count == bytes.count { return }
            guard count < 0 else { throw .wouldBlock }
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
    }
}
