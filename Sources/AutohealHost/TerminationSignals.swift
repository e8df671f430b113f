import CLinux
import Glibc
package import SystemPackage

/// SIGTERM, SIGINT and SIGHUP as something to look at instead of something that strikes: they are blocked, and looked for
/// between two steps. They stay pending, so that every volume's thread sees them. Made once, before the first thread.
package struct TerminationSignals: Sendable {
    /// A signalfd(2) that is readable from then on.
    package let descriptor: FileDescriptor

    package init() throws(Errno) {
        let descriptor = clinux_block_termination_signals()
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    /// The first pending signal, without waiting.
    func pending() -> Int32? {
        let signal = clinux_pending_signal()
        return signal == 0 ? nil : signal
    }
}
