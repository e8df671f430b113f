package import AutohealHealth
import AutohealRun
import AutohealSpec
package import AutohealState
import CLinux
import Glibc
import SystemPackage

/// Looks at a mounted volume and changes nothing.
package struct HealthInspector: Sendable {
    private let roots: MachineRoots
    private let reading: Reading

    /// What one read is: any device gives it in one piece.
    private static let readLength = 4096

    package enum Reading: Hashable, Sendable {
        /// In a process of its own, which is left behind if the read hangs for so long.
        case apart(limit: Duration)
        /// On this thread, which may hang.
        case here
    }

    package init(
        roots: MachineRoots = MachineRoots(),
        reading: Reading = .apart(limit: HealthThresholds().readLimit)
    ) {
        self.roots = roots
        self.reading = reading
    }

    /// - Parameters:
    ///   - mountPoint: as configured.
    ///   - device: the one that was mounted there.
    ///   - node: its name then.
    package func look(at mountPoint: String, device: DeviceNumber, node: String?) -> VolumeObservation {
        let point = MountPoint(path: mountPoint, roots: roots)
        var state = state(point)
        let entry = "\(roots.sys)/dev/block/\(device)"
        var errors: Observed<FilesystemErrors>?
        if case .mounted(let mount) = state.value, mount.number == device, mount.type.isExt {
            errors = point.errors(of: device).map { .known($0) } ?? .unknown("not below \(roots.sys)/fs/ext4")
        }
        let size = size(entry)
        let read = size.value == 0 ? .unknown("the device is gone") : read(device, node)
        if case .answered? = read.value, case .mounted(var mount)? = state.value, mount.number == device {
            readSuperblock(of: &mount, device, node)
            state = .known(.mounted(mount))
        }
        return VolumeObservation(
            mountPoint: state,
            deviceSize: size,
            controllerState: controllerState(entry),
            errors: errors,
            read: read,
            space: space(mountPoint)
        )
    }

    private func state(_ point: MountPoint) -> Observed<MountPointState> {
        do throws(HostError) { try Surroundings(roots: roots).check() } catch { return .unknown(error.reason) }
        do { return .known(try point.state()) } catch {
            guard case .failed(let failure) = error else { return .unknown("it cannot be examined") }
            return .unknown(failure.reason)
        }
    }

    /// sysfs knows every device there is.
    private func size(_ entry: String) -> Observed<UInt64> {
        guard access("\(roots.sys)/dev/block", F_OK) == 0 else { return .unknown("\(roots.sys) cannot be read") }
        return .known((attribute("\(entry)/size").flatMap(UInt64.init) ?? 0) * 512)
    }

    private func controllerState(_ entry: String) -> Observed<String>? {
        guard let path = canonicalPath(entry), let name = path.split(separator: "/").last, name.hasPrefix("nvme") else {
            return nil
        }
        let disk = attribute("\(path)/partition") == nil ? path : "\(path)/.."
        return attribute("\(disk)/device/state").map { .known($0) } ?? .unknown("\(disk)/device/state cannot be read")
    }

    private func read(_ device: DeviceNumber, _ node: String?) -> Observed<ReadProbe> {
        guard let node else { return .unknown("its node is not known") }
        var nanoseconds: Int64 = 0
        let number = clinux_makedev(device.major, device.minor)
        let result: Int32
        switch reading {
        case .here: result = clinux_read(node, number, Self.readLength, &nanoseconds)
        case .apart(let limit):
            let milliseconds = Int32(limit / .milliseconds(1))
            result = clinux_timed_read(node, number, Self.readLength, milliseconds, &nanoseconds)
            if result < 0 { return .known(.waiting(limit)) }
        }
        switch result {
        case 0: return .known(.answered(in: .nanoseconds(nanoseconds)))
        case let code:
            let errno = Errno(rawValue: code)
            // Neither says anything of the device itself: who asks may not, or it has another name now.
            if errno.isPermission || errno.isExhaustion || [ENXIO, ENOENT, EINVAL].contains(code) {
                return .unknown("\(node): \(errno)")
            }
            return .known(.failed(errno))
        }
    }

    /// The one that the kernel holds in its cache: on the device it may be an older one for a while.
    private func readSuperblock(of mount: inout MountPointState.Mount, _ device: DeviceNumber, _ node: String?) {
        guard let node,
            let descriptor = try? FileDescriptor.open(node, .readOnly, options: [.closeOnExec, .nonBlocking])
        else { return }
        defer { try? descriptor.close() }
        var information = stat()
        guard fstat(descriptor.rawValue, &information) == 0,
            information.st_rdev == clinux_makedev(device.major, device.minor),
            let reader = try? DeviceReader(descriptor, mayUseCache: true)
        else { return }
        let content = ContentReader(reader)
        mount.filesystemSize = mount.filesystemSize ?? (try? content.size(of: mount.type)) ?? nil
        if mount.type.isExt { mount.noteJournal(content) }
    }

    private func space(_ path: String) -> Observed<SpaceUsage> {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return .unknown("\(path): \(Errno(rawValue: errno))") }
        let unit = UInt64(information.f_frsize)
        return .known(
            SpaceUsage(
                bytes: UInt64(information.f_blocks) * unit,
                bytesFree: UInt64(information.f_bavail) * unit,
                inodes: UInt64(information.f_files),
                inodesFree: UInt64(information.f_favail)
            )
        )
    }
}
