import Glibc
import Synchronization
package import SystemPackage

/// A descriptor that lines are written to, each with one write(2) where the kernel takes it whole.
///
/// A closed descriptor loses lines; a full one does too, after a pause that is paid once and not for every line: a terminal or
/// a pipe that nobody reads holds up nothing. The caller must ignore SIGPIPE.
package final class LogOutput: Sendable {
    private struct State {
        /// The last line was cut, so the next one must not continue it.
        var endsMidLine = false
        /// The last line found no room in time, so the next one does not wait.
        var isFull = false
    }

    private let descriptor: FileDescriptor
    private let patience: Duration
    private let pieceSize: Int
    private let state = Mutex(State())

    /// - Parameter descriptor: shared with other programs, so that its own flags are left alone.
    package init(_ descriptor: FileDescriptor = .standardError, patience: Duration = .seconds(1)) {
        let kind = Self.kind(of: descriptor)
        self.descriptor = kind == S_IFCHR || kind == S_IFIFO ? Self.reopened(descriptor) ?? descriptor : descriptor
        self.patience = patience
        pieceSize = kind == S_IFREG ? .max : Self.pipeBuffer
    }

    /// - Parameter descriptor: this program's alone, and opened so that it does not block.
    private init(own descriptor: FileDescriptor, patience: Duration) {
        self.descriptor = descriptor
        self.patience = patience
        pieceSize = Self.kind(of: descriptor) == S_IFREG ? .max : Self.pipeBuffer
    }

    /// Opens a device or file that others write to too, for as long as the program runs; nil if it cannot be opened.
    convenience init?(appendingTo path: String, patience: Duration = .seconds(1)) {
        let options = FileDescriptor.OpenOptions(rawValue: O_NOCTTY | O_NONBLOCK | O_APPEND | O_CLOEXEC)
        guard let descriptor = try? FileDescriptor.open(FilePath(path), .writeOnly, options: options) else {
            return nil
        }
        self.init(own: descriptor, patience: patience)
    }

    /// Writes lines, or what is overwritten later, or drops it.
    func write(_ line: [UInt8]) {
        state.withLock { state in
            let bytes = state.endsMidLine ? [UInt8(ascii: "\n")] + line : line
            let deadline = ContinuousClock.now + (state.isFull ? .zero : patience)
            let written = write(bytes, until: deadline)
            state.isFull = written < bytes.count
            if written > 0 { state.endsMidLine = state.isFull && bytes[written - 1] != UInt8(ascii: "\n") }
        }
    }

    /// How many characters fit beside each other, if it is a terminal that says so.
    var columns: Int? {
        var size = winsize()
        guard ioctl(descriptor.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    var isTerminal: Bool { isatty(descriptor.rawValue) == 1 }

    /// Writes as much as there is room for until the deadline; returns how many bytes that was.
    private func write(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) -> Int {
        var written = 0
        while written < bytes.count, hasRoom(until: deadline) {
            let end = bytes.count - written > pieceSize ? written + pieceSize : bytes.count
            do throws(Errno) {
                written += try descriptor.writeOnce(bytes[written..<end])
            } catch .interrupted, .wouldBlock {
                guard ContinuousClock.now < deadline else { break }
            } catch {
                break
            }
        }
        return written
    }

    /// Waits until a piece can be written without blocking, or writing would fail, which is as good.
    private func hasRoom(until deadline: ContinuousClock.Instant) -> Bool {
        var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
        while true {
            let left = max(.zero, deadline - ContinuousClock.now)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            let result = poll(&request, 1, CInt(clamping: milliseconds))
            guard result < 0, errno == EINTR else { return result > 0 }
        }
    }

    /// `PIPE_BUF`: poll(2) promises room for that much in a pipe, and only that much is written in one piece (pipe(7)).
    private static let pipeBuffer = 4096

    /// The same terminal or pipe, without blocking: for a terminal, poll(2) promises room for one byte alone.
    private static func reopened(_ descriptor: FileDescriptor) -> FileDescriptor? {
        try? FileDescriptor.open(
            "/proc/self/fd/\(descriptor.rawValue)",
            .writeOnly,
            options: FileDescriptor.OpenOptions(rawValue: O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        )
    }

    private static func kind(of descriptor: FileDescriptor) -> mode_t? {
        var status = stat()
        return fstat(descriptor.rawValue, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

extension FileDescriptor {
    /// write(2), once: the caller decides which errors are worth another try.
    fileprivate func writeOnce(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let (count, code) = bytes.withUnsafeBytes { buffer in
            let count = Glibc.write(rawValue, buffer.baseAddress, buffer.count)
            return (count, errno)
        }
        guard count >= 0 else { throw Errno(rawValue: code) }
        return count
    }
}
