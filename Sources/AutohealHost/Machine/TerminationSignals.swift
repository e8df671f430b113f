import CLinux
import Glibc
package import SystemPackage

/// SIGTERM, SIGINT, SIGHUP and SIGURG as something to look at instead of something that strikes: they are caught, and
/// looked for between two steps. SIGURG asks this program alone: e2fsck and mkfs ignore it (signal(7)). They stay pending, so that every volume's thread sees them. Made once, at the start.
package struct TerminationSignals: Sendable {
    /// An eventfd(2) that is readable from the first of them on.
    package let descriptor: FileDescriptor

    /// - Parameter note: a file that the first of them makes, with a byte in it, at the moment it comes.
    package init(notedAt note: String? = nil) throws(Errno) {
        if let note, clinux_note_termination_signals(note) != 0 { throw .fileNameTooLong }
        let descriptor = clinux_catch_termination_signals()
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    /// The first signal that came, without waiting.
    func pending() -> Int32? {
        let signal = clinux_pending_signal()
        return signal == 0 ? nil : signal
    }
}
