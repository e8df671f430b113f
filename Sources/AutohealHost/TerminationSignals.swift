import CLinux
import Glibc
package import SystemPackage

/// SIGTERM, SIGINT and SIGHUP as something to look at instead of something that strikes: they are blocked, and read from
/// a signalfd(2) between two steps. Made once, before the first thread.
package struct TerminationSignals: Sendable {
    package let descriptor: FileDescriptor

    package init() throws(Errno) {
        let descriptor = clinux_block_termination_signals()
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    /// The first pending signal, without waiting.
    func pending() -> Int32? {
        let signal = clinux_next_signal(descriptor.rawValue)
        return signal == 0 ? nil : signal
    }
}
