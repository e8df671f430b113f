import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import Glibc
import SystemPackage

/// The kernel's own exclusive claim on a device (open(2), O_EXCL): while it is held, mount(2), e2fsck, mkfs and every other
/// exclusive open answer EBUSY, whichever node of the device they are given.
///
/// flock(2) is not enough: it is bound to a node, and two nodes of one device do not conflict.
struct ExclusiveClaim: ~Copyable {
    /// Read-write, past the page cache.
    let descriptor: FileDescriptor

    private static let retries = 5
    private static let retryPause: Duration = .milliseconds(200)

    /// - Parameter pause: lets time pass while somebody else holds the device.
    init(
        on reader: DeviceReader,
        node: String,
        pause: (Duration) throws(VolumeError) -> Void
    ) throws(VolumeError) {
        var retries = Self.retries
        while true {
            do throws(Errno) {
                descriptor = try reader.reopened(O_RDWR | O_EXCL)
                return
            } catch {
                guard error == .resourceBusy else {
                    throw .failed(HostError("open exclusively", node, .errno(error), exitStatus: .ioError))
                }
                guard retries > 0 else { throw .refused(.deviceInUse(.exclusivelyOpen)) }
                retries -= 1
            }
            try pause(Self.retryPause)
        }
    }

    deinit { try? descriptor.close() }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(TransferError) {
        let buffer = AlignedBuffer(count: bytes.count)
        buffer.bytes.copyBytes(from: bytes)
        try descriptor.transfer(buffer.bytes, at: offset, by: FileDescriptor.write)
    }

    func read(_ range: Range<UInt64>) throws(TransferError) -> [UInt8] {
        let buffer = AlignedBuffer(count: range.count)
        try descriptor.transfer(buffer.bytes, at: range.lowerBound, by: pread)
        return Array(buffer.bytes)
    }

    /// Makes sure that the device has what was written (fsync(2)).
    func flush() throws(TransferError) {
        guard fsync(descriptor.rawValue) == 0 else { throw .failed(Errno(rawValue: errno), offset: 0) }
    }
}
