import Glibc
import SystemPackage

/// A pair of datagram sockets in place of standard error: what one write(2) wrote arrives in one piece.
struct LinePipe: ~Copyable {
    let writing: FileDescriptor
    private let reading: FileDescriptor

    init() throws(Errno) {
        var pair: [CInt] = [0, 0]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw Errno(rawValue: errno) }
        writing = FileDescriptor(rawValue: pair[0])
        reading = FileDescriptor(rawValue: pair[1])
    }

    deinit {
        try? writing.close()
        try? reading.close()
    }

    /// Everything written so far, one element for each write(2).
    func writes() -> [String] {
        var result: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = recv(reading.rawValue, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            guard count > 0 else { return result }
            result.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
