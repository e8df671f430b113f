import CLinux
import Glibc
import SystemPackage

/// The kernel's announcements that devices came, changed or went (netlink(7), NETLINK_KOBJECT_UEVENT), and udev's, which
/// follow when the links are made. A message is a reason to look again and is never parsed: anybody may send one.
struct Uevents: ~Copyable {
    private let socket: FileDescriptor?

    /// Without netlink, as in some containers, there are no events; the caller's timer has to do.
    init(listening: Bool) {
        let descriptor = listening ? clinux_open_uevent_socket() : -1
        socket = descriptor >= 0 ? FileDescriptor(rawValue: descriptor) : nil
    }

    deinit { try? socket?.close() }

    /// For poll(2), which ignores -1.
    var descriptor: Int32 { socket?.rawValue ?? -1 }

    /// Takes everything that is waiting; a full queue (ENOBUFS) is just another reason to look.
    func drain() {
        guard let socket else { return }
        var buffer: UInt64 = 0
        for _ in 0..<100_000 {
            let count = withUnsafeMutableBytes(of: &buffer) {
                recv(socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            guard count >= 0 || errno == EINTR || errno == ENOBUFS else { return }
        }
    }
}
