import Glibc
package import SystemPackage

/// A port on 127.0.0.1 where connecting leads nowhere.
package struct MetadataServerSocket: ~Copyable {
    /// How connecting fails.
    package enum Behaviour: Sendable {
        /// At once: nobody listens, and while this value lives nobody else can.
        case refuses
        /// Never: the queue of connections is full, so the kernel drops whoever knocks.
        case hangs
    }

    private let descriptors: [FileDescriptor]
    package let port: UInt16

    package init(_ behaviour: Behaviour) throws(Errno) {
        var descriptors: [FileDescriptor] = []
        let address: sockaddr_in
        do throws(Errno) {
            address = try Self.open(behaviour, into: &descriptors)
        } catch {
            for descriptor in descriptors { try? descriptor.close() }
            throw error
        }
        self.descriptors = descriptors
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        for descriptor in descriptors { try? descriptor.close() }
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    private static func open(
        _ behaviour: Behaviour,
        into descriptors: inout [FileDescriptor]
    ) throws(Errno) -> sockaddr_in {
        let listener = try socket()
        descriptors.append(listener)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try call(bind, listener, address)
        address = try name(of: listener)
        guard behaviour == .hangs else { return address }
        guard listen(listener.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
        // A queue of length 0 holds one connection; the others are for kernels that count differently.
        for _ in 0..<4 {
            let client = try socket()
            descriptors.append(client)
            try call(connect, client, address)
        }
        return address
    }

    private static func socket() throws(Errno) -> FileDescriptor {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: descriptor)
    }

    private static func call(
        _ function: (CInt, UnsafePointer<sockaddr>?, socklen_t) -> CInt,
        _ descriptor: FileDescriptor,
        _ address: sockaddr_in
    ) throws(Errno) {
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 || errno == EINPROGRESS else { throw Errno(rawValue: errno) }
    }

    private static func name(of descriptor: FileDescriptor) throws(Errno) -> sockaddr_in {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor.rawValue, $0, &length)
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        return address
    }
}
