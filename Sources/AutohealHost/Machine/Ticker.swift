import Glibc
import SystemPackage

/// Does something once a second beside the run of a program that may say nothing for minutes.
///
/// A thread of its own and no task: in a PID namespace to which /proc does not belong, the pool that runs tasks ends the
/// program by SIGILL (tried: 5 of 8 formats).
struct Ticker: Sendable {
    /// The thread ends when it is closed.
    private let life: FileDescriptor

    private static let milliseconds: Int32 = 1000

    /// - Returns: nil where no thread can be had.
    init?(_ body: @escaping @Sendable () -> Void) {
        guard let pipe = try? FileDescriptor.pipe(options: .closeOnExec) else { return nil }
        let isRunning = WorkerThreads.startDetached {
            var request = pollfd(fd: pipe.readEnd.rawValue, events: Int16(POLLIN), revents: 0)
            while true {
                let ready = poll(&request, 1, Self.milliseconds)
                if ready < 0, errno == EINTR { continue }
                guard ready == 0 else { break }
                body()
            }
            try? pipe.readEnd.close()
        }
        guard isRunning else {
            try? pipe.readEnd.close()
            try? pipe.writeEnd.close()
            return nil
        }
        life = pipe.writeEnd
    }

    /// Called once; what is being done at this moment may still end.
    func stop() { try? life.close() }
}
