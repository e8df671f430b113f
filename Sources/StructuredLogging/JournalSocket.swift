import Glibc
import Synchronization
import SystemPackage

/// The datagram socket of the journal, opened when the first line is sent.
final class JournalSocket: Sendable {
    /// What became of a datagram.
    enum Result: Sendable {
        case sent
        /// Larger than the socket takes.
        case tooLarge
        /// Nobody listens, or nobody reads.
        case failed
    }

    private struct State {
        var descriptor: FileDescriptor?
        /// The last datagram found no room in time, so the next one does not wait.
        var isFull = false
    }

    private let path: String
    private let patience: Duration
    private let state = Mutex(State())

    init(path: String, patience: Duration = .milliseconds(250)) {
        self.path = path
        self.patience = patience
    }

    deinit {
        try? state.withLock { $0.descriptor }?.close()
    }

    /// Sends without a connection, so that a journal that restarts is found again.
    func send(_ datagram: [UInt8]) -> Result {
        state.withLock { state in
            do throws(Errno) {
                let descriptor = if let known = state.descriptor { known } else { try open() }
                state.descriptor = descriptor
                try send(datagram, through: descriptor, flags: state.isFull ? CInt(MSG_DONTWAIT) : 0)
                state.isFull = false
                return .sent
            } catch .messageTooLong, .noBufferSpace {
                return .tooLarge
            } catch {
                state.isFull = error == .wouldBlock
                return .failed
            }
        }
    }

    private func open() throws(Errno) -> FileDescriptor {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        let parts = patience.components
        var time = timeval(
            tv_sec: Int(parts.seconds),
            tv_usec: Int(parts.attoseconds / 1_000_000_000_000)
        )
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        return FileDescriptor(rawValue: descriptor)
    }

    private func send(_ datagram: [UInt8], through descriptor: FileDescriptor, flags: CInt) throws(Errno) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.utf8.count < buffer.count else { return false }
            buffer.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw .fileNameTooLong }
        while true {
            let (result, code) = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
                    let flags = flags | CInt(MSG_NOSIGNAL)
                    let result = sendto(descriptor.rawValue, datagram, datagram.count, flags, address, length)
                    return (result, errno)
                }
            }
            guard result < 0 else { return }
            guard code == EINTR else { throw Errno(rawValue: code) }
        }
    }
}

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
