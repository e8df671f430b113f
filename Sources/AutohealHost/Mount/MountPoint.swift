import AutohealHealth
import AutohealPlan
import AutohealRun
import AutohealSpec
package import AutohealState
import CLinux
import FoundationEssentials
import Glibc
import Libmount
import SystemPackage

/// Where a mount at a path is in the table of mounts, if there is one there; whatever links lead to it.
package func mountTarget(of path: String) -> String? {
    let mountPoint = MountPoint(path: path, roots: MachineRoots())
    guard let target = mountPoint.target, let entries = try? mountPoint.entries() else { return nil }
    return entries.contains { $0.target == target } ? target : nil
}

/// Whether a device is mounted anywhere in this mount namespace; nil where nobody tells.
package func isMounted(_ number: DeviceNumber) -> Bool? {
    (try? MountPoint(path: "/", roots: MachineRoots()).targets(of: number)).map { !$0.isEmpty }
}

/// The directory that a volume is mounted on.
struct MountPoint: Sendable {
    /// As configured.
    let path: String
    let roots: MachineRoots

    func state() throws(VolumeError) -> MountPointState {
        var information = stat()
        guard stat(path, &information) == 0 else {
            let cause = errno
            switch cause {
            case ENOENT, ELOOP:
                guard lstat(path, &information) == 0 else { return .absent }
                return .notDirectory(kind: kind(of: information.st_mode))
            case ENOTDIR: return .notDirectory(kind: "below something that is not a directory")
            default:
                // A file system that was shut down answers nothing; the table of mounts still tells what it is.
                guard let mount = try hiddenMount() else { throw failure("look at", cause) }
                return .mounted(mount)
            }
        }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            return .notDirectory(kind: kind(of: information.st_mode))
        }
        guard let canonical = canonicalPath(path) else { throw failure("look at", errno) }
        if let entry = try mountTable().topmost(at: canonical) { return .mounted(mount(entry)) }
        return .directory(isEmpty: names(in: canonical).isEmpty, isProtected: isProtected)
    }

    /// Where its mount is in the table: canonical, also where the root directory of what is mounted answers nothing.
    var target: String? {
        if let canonical = canonicalPath(path) { return canonical }
        let parts = path.split(separator: "/")
        guard let name = parts.last, let parent = canonicalPath("/" + parts.dropLast().joined(separator: "/")) else {
            return nil
        }
        return parent == "/" ? "/\(name)" : "\(parent)/\(name)"
    }

    /// The places at which a device is mounted, in this mount namespace.
    func targets(of number: DeviceNumber) throws(VolumeError) -> [String] {
        try mountTable().entries.filter { deviceNumber(of: $0) == number }.map(\.target)
    }

    /// All mounts of this mount namespace, each after those that it lies upon.
    func entries() throws(VolumeError) -> [MountEntry] { try mountTable().entries }

    /// How many mounts lie upon each other here.
    func depth() throws(VolumeError) -> Int {
        guard let canonical = canonicalPath(path) else { throw failure("look at", errno) }
        return try mountTable().entries.filter { $0.target == canonical }.count
    }

    /// mkdir(2) for the path and whatever is missing above it, mode 0755.
    func create() throws(VolumeError) {
        var path = ""
        for part in self.path.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o755) != 0, errno != EEXIST else { continue }
            throw failure("create", errno)
        }
    }

    /// Makes the bare directory immutable (`chattr +i`): mounting on it works, writing into it does not.
    func protect() throws(VolumeError) {
        try withDirectory { descriptor throws(VolumeError) in
            // Another agent may have mounted here since: never mark the root directory of a volume.
            guard clinux_is_mount_root(descriptor) == 0 else { return }
            var flags: Int32 = 0
            guard clinux_get_inode_flags(descriptor, &flags) == 0,
                clinux_set_inode_flags(descriptor, flags | clinux_immutable_flag) == 0
            else { throw failure("protect", errno) }
        }
    }

    /// Bytes of the mounted file system, where its type tells.
    func xfsSize() -> UInt64? {
        try? withDirectory { descriptor throws(VolumeError) -> UInt64? in
            var blockSize: UInt32 = 0
            var blocks: UInt64 = 0
            var inodePercent: UInt32 = 0
            guard clinux_xfs_geometry(descriptor, &blockSize, &blocks, &inodePercent) == 0 else { return nil }
            return blocks * UInt64(blockSize)
        }
    }

    /// Grows the mounted file system online to `size` bytes, as systemd-growfs does.
    ///
    /// - Parameter number: of the device that it must be on; what has been mounted here meanwhile stays as it is.
    func grow(_ type: FilesystemType, to size: UInt64, on number: DeviceNumber) throws(VolumeError) {
        try withDirectory { descriptor throws(VolumeError) in
            var directory = stat()
            guard fstat(descriptor, &directory) == 0 else { throw failure("grow", errno) }
            guard directory.st_dev == clinux_makedev(number.major, number.minor) else {
                throw .superseded("\(path) no longer shows the device that was to grow.")
            }
            if type == .xfs {
                var blockSize: UInt32 = 0
                var blocks: UInt64 = 0
                var inodePercent: UInt32 = 0
                guard clinux_xfs_geometry(descriptor, &blockSize, &blocks, &inodePercent) == 0, blockSize > 0,
                    clinux_xfs_grow(descriptor, size / UInt64(blockSize), inodePercent) == 0
                else { throw failure("grow", errno) }
            } else {
                var information = statvfs()
                guard fstatvfs(descriptor, &information) == 0, information.f_frsize > 0,
                    clinux_ext4_resize(descriptor, size / UInt64(information.f_frsize)) == 0
                else { throw failure("grow", errno) }
            }
        }
    }

    func deviceNumber(of entry: MountEntry) -> DeviceNumber {
        // The files of a btrfs carry an anonymous number; its source names the device.
        var information = stat()
        let usesAnonymousNumber = entry.type == FilesystemType.btrfs.rawValue
        let number =
            usesAnonymousNumber && stat(entry.source, &information) == 0 ? information.st_rdev : dev_t(entry.device)
        return DeviceNumber(major: clinux_major(number), minor: clinux_minor(number))
    }

    /// What the kernel counts of a mounted ext4; nil where it does not tell.
    func errors(of number: DeviceNumber) -> FilesystemErrors? {
        guard let entry = canonicalPath("\(roots.sys)/dev/block/\(number)"), let name = entry.split(separator: "/").last
        else { return nil }
        let directory = "\(roots.sys)/fs/ext4/\(name)"
        guard let count = attribute("\(directory)/errors_count").flatMap(UInt64.init) else { return nil }
        return FilesystemErrors(
            count: count,
            firstTime: attribute("\(directory)/first_error_time").flatMap(UInt64.init).flatMap { $0 > 0 ? $0 : nil },
            lastFunction: attribute("\(directory)/last_error_func")
        )
    }

    private var isProtected: Bool {
        let flags = try? withDirectory { descriptor throws(VolumeError) -> Int32 in
            var flags: Int32 = 0
            return clinux_get_inode_flags(descriptor, &flags) == 0 ? flags : 0
        }
        return (flags ?? 0) & clinux_immutable_flag != 0
    }

    private func mount(_ entry: MountEntry) -> MountPointState.Mount {
        let type = FilesystemType(rawValue: entry.type)
        var mount = MountPointState.Mount(
            source: entry.source,
            number: deviceNumber(of: entry),
            root: entry.root,
            type: type,
            isReadOnly: entry.isReadOnly,
            filesystemSize: type == .xfs ? xfsSize() : nil
        )
        if type == .autofs { mount.fstabEntry = fstabEntry(for: entry.target) }
        // From Linux 6.x on the kernel says it; before, only what it counts tells (`FilesystemErrors`).
        if entry.hasFilesystemOption("shutdown") {
            mount.fault = type.isExt ? .journalAborted : .unreadable
        } else if entry.hasFilesystemOption("emergency_ro") {
            mount.fault = .journalAborted
        }
        if type.isExt { mount.errorCount = errors(of: mount.number)?.count }
        // What has a number of its own is a device, and sysfs knows every device there is.
        let device = "\(roots.sys)/dev/block/\(mount.number)"
        guard mount.number.major != 0, attribute("\(device)/size").flatMap(UInt64.init) ?? 0 == 0 else { return mount }
        mount.fault = access(device, F_OK) != 0 && errno == ENOENT ? .deviceGone : .deviceEmpty
        mount.filesystemUUID = filesystemUUID()
        return mount
    }

    /// The mount at a path that cannot be looked at.
    private func hiddenMount() throws(VolumeError) -> MountPointState.Mount? {
        guard let target, let entry = try mountTable().topmost(at: target) else { return nil }
        var mount = mount(entry)
        mount.fault = mount.fault ?? .unreadable
        return mount
    }

    private func fstabEntry(for target: String) -> String? {
        guard let table = try? MountTable(fstab: "\(roots.etc)/fstab"), let entry = table.topmost(at: target) else {
            return nil
        }
        return "\(entry.source) \(entry.target) \(entry.type) \(entry.options)".printable
    }

    private func filesystemUUID() -> String? {
        let bytes = try? withDirectory { descriptor throws(VolumeError) -> [UInt8]? in
            var bytes = [UInt8](repeating: 0, count: 16)
            return clinux_filesystem_uuid(descriptor, &bytes) == 0 ? bytes : nil
        }
        return bytes.flatMap { $0 }.map { $0.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)).text } }
    }

    private func mountTable() throws(VolumeError) -> MountTable {
        do { return try MountTable(mountInfo: "\(roots.proc)/self/mountinfo") } catch {
            throw .failed(
                HostError("read", "\(roots.proc)/self/mountinfo", .errno(error), exitStatus: .osError)
            )
        }
    }

    private func withDirectory<Result>(
        _ body: (Int32) throws(VolumeError) -> Result
    ) throws(VolumeError) -> Result {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", errno) }
        defer { close(descriptor) }
        return try body(descriptor)
    }

    private func failure(_ operation: String, _ cause: Int32) -> VolumeError {
        .failed(HostError(operation, path, .errno(Errno(rawValue: cause)), exitStatus: .cannotCreate))
    }
}
