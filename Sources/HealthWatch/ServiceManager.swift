import Glibc

/// Tells systemd how it goes (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names.
struct ServiceManager: Sendable {
    private let socketPath: String?
    /// After half of it, it is time for another word; nil if nobody waits for one.
    private let watchdog: Duration?

    init(environment: [String: String]) {
        socketPath = environment["NOTIFY_SOCKET"]
        watchdog = environment["WATCHDOG_USEC"].flatMap(Int64.init).map { .microseconds($0) }
    }

    /// How long nothing may be said.
    var silence: Duration? { watchdog.map { $0 / 2 } }

    func notifyAlive() { send("WATCHDOG=1\n") }

    /// - Parameter status: one line for `systemctl status`.
    func notify(isReady: Bool = false, status: String) {
        let line = status.split(whereSeparator: \.isNewline).joined(separator: " ")
        send((isReady ? "READY=1\n" : "") + "WATCHDOG=1\nSTATUS=\(line)\n")
    }

    func notifyStopping() { send("STOPPING=1\n") }

    /// Without a manager there is nobody to tell, and what cannot be told costs nothing else.
    private func send(_ text: String) {
        guard let socketPath, socketPath.first == "/" || socketPath.first == "@" else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socketPath.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            buffer.copyBytes(from: path)
            // An abstract name begins with a zero byte.
            if path[0] == UInt8(ascii: "@") { buffer[0] = 0 }
        }
        let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + path.count } ?? 0
        let bytes = Array(text.utf8)
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, socklen_t(length))
            }
        }
    }
}
