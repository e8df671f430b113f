import AutohealPlan
import AutohealRun
package import AutohealState
import CLinux
import Glibc
package import SystemPackage

/// An opened device under the exclusive lock of its whole disk (systemd: "Locking Block Device Access").
package struct LockedDevice: Sendable {
    /// Read-write unless only looking or the device allows no more.
    package let descriptor: FileDescriptor
    package let device: BlockDevice

    /// The device as a path for a child, which cannot be swapped.
    func path() throws(VolumeError) -> String {
        do throws(Errno) { return try pathForChildren(of: descriptor) } catch {
            throw .failed(
                HostError("find its own descriptors below", "/proc", .errno(error), exitStatus: .osError)
            )
        }
    }

    /// Opens a node and makes sure it is still the device that was chosen.
    static func open(
        _ device: BlockDevice,
        writable: Bool
    ) throws(VolumeError) -> LockedDevice {
        let descriptor: FileDescriptor
        do {
            descriptor = try openDescriptor(device.node, writable: writable)
        } catch {
            throw .failed(
                HostError("open", device.node, .errno(error), exitStatus: error.isPermission ? .noPermission : .ioError)
            )
        }
        var information = stat()
        let number =
            fstat(descriptor.rawValue, &information) == 0 && information.st_mode & S_IFMT == S_IFBLK
            ? DeviceNumber(major: clinux_major(information.st_rdev), minor: clinux_minor(information.st_rdev)) : nil
        guard number == device.number else {
            try? descriptor.close()
            let cause = HostError.Cause.text("the node is no longer device \(device.number)")
            throw .failed(HostError("open", device.node, cause, exitStatus: .ioError))
        }
        return LockedDevice(descriptor: descriptor, device: device)
    }

    private static func openDescriptor(_ node: String, writable: Bool) throws(Errno) -> FileDescriptor {
        let open = { (mode: FileDescriptor.AccessMode) throws(Errno) in
            do {
                return try FileDescriptor.open(node, mode, options: [.closeOnExec, .noFollow, .nonBlocking])
            } catch {
                throw error as? Errno ?? .ioError
            }
        }
        guard writable else { return try open(.readOnly) }
        do {
            return try open(.readWrite)
        } catch Errno.readOnlyFileSystem, Errno.permissionDenied, Errno.notPermitted {
            return try open(.readOnly)
        }
    }

    /// flock(2) without waiting.
    ///
    /// - Returns: false while another program holds the lock.
    static func lock(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw Errno(rawValue: errno)
            }
        }
        return true
    }
}

extension Errno {
    var isPermission: Bool { self == .permissionDenied || self == .notPermitted }
}
