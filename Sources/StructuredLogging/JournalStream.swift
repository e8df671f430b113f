import Glibc
import SystemPackage

/// Whether a descriptor leads to the journal (systemd.exec(5), `JOURNAL_STREAM`).
enum JournalStream {
    /// The variable is inherited by children whose output was redirected, so only device and inode prove it.
    static func isConnected(to descriptor: FileDescriptor, environment: [String: String]) -> Bool {
        let numbers = environment["JOURNAL_STREAM"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        guard numbers.count == 2, let device = UInt64(numbers[0]), let inode = UInt64(numbers[1]) else { return false }
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { return false }
        return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }
}
