import CLinux
import Glibc
package import SystemPackage

/// A loop device of this test alone (loop(4)): a high number that nobody else takes, cleared and removed at the end.
package struct LoopDevice: ~Copyable {
    package let node: String
    private let number: Int32
    private let madeNode: Bool

    // linux/loop.h, which Swift's Glibc module does not show.
    private static let configure: UInt = 0x4C0A
    private static let clear: UInt = 0x4C01
    private static let setCapacity: UInt = 0x4C07
    private static let add: UInt = 0x4C80
    private static let remove: UInt = 0x4C81
    private static let configurationSize = 304
    private static let blockSizeField = 4
    private static let flagsField = 8 + 52
    private static let readOnlyFlag: UInt8 = 1

    /// Makes the device, of size 0 for now.
    package init() throws(Errno) {
        let control = try Self.control()
        defer { close(control) }
        var number: Int32 = -1
        for _ in 0..<100 where number < 0 {
            let candidate = Int32.random(in: 1000..<60_000)
            if ioctl(control, Self.add, candidate) >= 0 { number = candidate } else if errno != EEXIST { break }
        }
        guard number >= 0 else { throw Errno(rawValue: errno) }
        let node = "/dev/loop\(number)"
        // In a container /dev may not be the kernel's own.
        madeNode = access(node, F_OK) != 0
        if madeNode { Self.makeNode(node, number: number) }
        self.number = number
        self.node = node
    }

    /// - Parameter image: the file behind the device.
    package static func attached(to image: String) throws(Errno) -> LoopDevice {
        let device = try LoopDevice()
        try device.attach(image)
        return device
    }

    deinit {
        try? detach()
        if let control = try? Self.control() {
            let number = number
            // A mount or another opener may let go a moment later.
            Eventually.holdsSoon { ioctl(control, Self.remove, number) >= 0 || errno != EBUSY }
            close(control)
        }
        if madeNode { unlink(node) }
    }

    /// The kernel's number of the device, `7:N`.
    package var deviceNumber: String { Files.text("/sys/block/loop\(number)/dev").map { String($0.dropLast()) } ?? "" }

    /// Sectors written or discarded since the device was made (Documentation/block/stat.rst).
    ///
    /// Sectors, since the kernel counts them before it tells the writer that they are written; it counts requests after
    /// that, and the flush of an fsync(2) among them.
    package var sectorsWritten: Int {
        let fields = (Files.text("/sys/block/loop\(number)/stat") ?? "").split(separator: " ").compactMap { Int($0) }
        return fields.count > 13 ? fields[6] + fields[13] : fields.count > 6 ? fields[6] : -1
    }

    /// Puts a file behind the device; the kernel announces it with a `change` event.
    package func attach(_ image: String, readOnly: Bool = false, blockSize: UInt32 = 512) throws(Errno) {
        let backing = open(image, (readOnly ? O_RDONLY : O_RDWR) | O_CLOEXEC)
        guard backing >= 0 else { throw Errno(rawValue: errno) }
        defer { close(backing) }
        var configuration = [UInt8](repeating: 0, count: Self.configurationSize)
        configuration.withUnsafeMutableBytes {
            $0.storeBytes(of: UInt32(backing), as: UInt32.self)
            $0.storeBytes(of: blockSize, toByteOffset: Self.blockSizeField, as: UInt32.self)
        }
        if readOnly { configuration[Self.flagsField] |= Self.readOnlyFlag }
        // The device is as writable as the descriptor it is configured through.
        try control(readOnly ? O_RDONLY : O_RDWR) { ioctl($0, Self.configure, &configuration) }
    }

    /// Takes the file away; the device has size 0 from now on, or once its last user has gone.
    package func detach() throws(Errno) { try control { ioctl($0, Self.clear, 0) } }

    /// Has the device take the new length of its file.
    package func updateSize() throws(Errno) { try control { ioctl($0, Self.setCapacity, 0) } }

    /// Writes back what the page cache holds for the device.
    package func flush() throws(Errno) { try control { fsync($0) } }

    private func control(_ mode: Int32 = O_RDONLY, _ operation: (Int32) -> Int32) throws(Errno) {
        let descriptor = open(node, mode | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        guard operation(descriptor) >= 0 else { throw Errno(rawValue: errno) }
    }

    private static func control() throws(Errno) -> Int32 {
        let descriptor = open("/dev/loop-control", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        return descriptor
    }

    private static func makeNode(_ node: String, number: Int32) {
        let text = Files.text("/sys/block/loop\(number)/dev") ?? ""
        let parts = text.split(whereSeparator: { $0 == ":" || $0 == "\n" }).compactMap { UInt64($0) }
        guard parts.count == 2 else { return }
        // The encoding of gnu_dev_makedev(3) for numbers below 2^20.
        mknod(node, S_IFBLK | 0o600, dev_t((parts[1] & 0xFF) | (parts[0] << 8) | ((parts[1] & ~0xFF) << 12)))
    }
}
