import Glibc
import SystemPackage

/// A journal of one's own: a datagram socket in a new directory.
struct JournalReceiver: ~Copyable {
    private let descriptor: CInt
    private let directory: String
    let path: String

    init() throws(Errno) {
        var template = Array("/tmp/journal-XXXXXX".utf8CString)
        let directory = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap(mkdtemp).map { String(cString: $0) }
        }
        guard let directory else { throw Errno(rawValue: errno) }
        let path = directory + "/socket"
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(descriptor)
            rmdir(directory)
            throw Errno(rawValue: code)
        }
        self.descriptor = descriptor
        self.directory = directory
        self.path = path
    }

    deinit {
        close(descriptor)
        unlink(path)
        rmdir(directory)
    }

    /// The next datagram, which must be there already.
    func receive() throws(Errno) -> JournalFields {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
        guard count >= 0 else { throw Errno(rawValue: errno) }
        return JournalFields(datagram: buffer[..<count])
    }
}
