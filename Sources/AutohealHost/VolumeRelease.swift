package import AutohealCore
import CLinux
import Glibc
import Libmount
import SystemPackage

/// Frees a volume that a run has mounted: unmounts it if nothing uses it, and proves that nobody does.
///
/// Nothing is killed and nothing is detached lazily (umount(2), MNT_DETACH): the kernel's EBUSY is heeded.
package struct VolumeRelease: Sendable {
    private let mountPoint: MountPoint
    private let number: DeviceNumber
    private let runtimeDirectory: RuntimeDirectory
    private let roots: MachineRoots

    /// - Returns: nil for the report of a run that has not mounted anything.
    package init?(_ report: Report, runtimeDirectory: RuntimeDirectory, roots: MachineRoots = MachineRoots()) {
        guard let number = report.mounted?.number ?? report.number else { return nil }
        mountPoint = MountPoint(path: report.mountPoint, roots: roots)
        self.number = number
        self.runtimeDirectory = runtimeDirectory
        self.roots = roots
    }

    /// Whether it is mounted where the report says, for example again since it was released.
    package var isMounted: Bool {
        guard let target = mountPoint.target, let targets = try? mountPoint.targets(of: number) else { return false }
        return targets.contains(target)
    }

    /// Tries once; a run of the agent on the same mount point counts as a user.
    package func attempt() throws(HostError) -> ReleaseAttempt {
        let lock: FileDescriptor
        let isOurs: Bool
        do throws(Errno) {
            lock = try runtimeDirectory.openLockFile(for: mountPoint.path)
            isOurs = try LockedDevice.lock(lock)
        } catch {
            throw HostError("lock", mountPoint.path, .errno(error), exitStatus: .temporaryFailure)
        }
        defer { try? lock.close() }
        guard isOurs else { return .inUse(["a run of autoheal-agent on \(mountPoint.path)"]) }
        do throws(VolumeError) {
            if let obstacle = try unmountAll() { return obstacle }
            return try proof()
        } catch {
            guard case .failed(let failure) = error else { return .inUse([]) }
            throw failure
        }
    }

    /// Unmounts what lies at the mount point, as often as it lies there; nil once none of it does.
    private func unmountAll() throws(VolumeError) -> ReleaseAttempt? {
        while let target = mountPoint.target, let top = try mountPoint.entries().last(where: { $0.target == target }) {
            guard mountPoint.deviceNumber(of: top) == number else {
                let isBelow = try mountPoint.entries()
                    .contains { $0.target == target && mountPoint.deviceNumber(of: $0) == number }
                return isBelow ? .covered(by: top.source) : nil
            }
            flush(target)
            do throws(MountError) { try unmount(target) } catch {
                switch error.code {
                case EBUSY: return .inUse(MountUsers(roots: roots).users(of: target))
                case EINVAL, ENOENT: continue
                default: throw failure("unmount", target, Errno(rawValue: error.code))
                }
            }
        }
        return nil
    }

    /// syncfs(2): so that the unmount itself is short. What it cannot write, the unmount cannot either.
    private func flush(_ target: String) {
        guard let descriptor = try? FileDescriptor.open(target, .readOnly, options: [.directory, .closeOnExec]) else {
            return
        }
        _ = clinux_syncfs(descriptor.rawValue)
        try? descriptor.close()
    }

    /// The kernel's own answer whether anybody uses the disk, whichever part of it: also in another mount namespace, where a
    /// mount may live on.
    private func proof() throws(VolumeError) -> ReleaseAttempt {
        let others = try mountPoint.targets(of: number)
        guard others.isEmpty else { return .inUse(others.map { "the mount at \($0.printable)" }) }
        let scanner = BlockDeviceScanner(roots: roots)
        let disk = scanner.wholeDisk(of: number)?.number ?? number
        // It may leave at any moment, and leaves a size of 0 while something still has it open.
        guard attribute("\(roots.sys)/dev/block/\(disk)/size").flatMap(UInt64.init) ?? 0 > 0,
            let node = scanner.node(of: disk)
        else { return .gone }
        let holders = try scanner.holders(of: disk)
        guard holders.isEmpty else { return .inUse(holders.map { "/dev/\($0)" }) }
        do throws(Errno) {
            let descriptor = try openExclusively(node)
            defer { try? descriptor.close() }
            var information = stat()
            guard fstat(descriptor.rawValue, &information) == 0,
                information.st_rdev == clinux_makedev(disk.major, disk.minor)
            else { throw .noSuchAddressOrDevice }
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
            return .free
        } catch {
            guard error == .resourceBusy else { throw failure("open exclusively", node, error) }
            return .inUse(DeviceUsers(roots: roots).use(of: disk).users)
        }
    }

    /// Again for a moment: a look, or a child that is being started, lets go by itself.
    private func openExclusively(_ node: String) throws(Errno) -> FileDescriptor {
        for _ in 0..<5 {
            let descriptor = open(node, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK)
            guard descriptor < 0 else { return FileDescriptor(rawValue: descriptor) }
            guard errno == EBUSY else { break }
            usleep(10_000)
        }
        throw Errno(rawValue: errno)
    }

    private func failure(_ operation: String, _ subject: String, _ cause: Errno) -> VolumeError {
        .failed(HostError(operation, subject, .errno(cause), exitStatus: .ioError))
    }
}

extension DeviceUse {
    /// Who uses it, in words.
    fileprivate var users: [String] {
        switch self {
        case .mountedInNamespace(let places, let processes):
            ["a mount at \(places.joined(separator: ", ")) that only \(processes.joined(separator: ", ")) can see"]
        case .exclusivelyOpen(let processes): processes
        case .mounted(let places): places.map { "the mount at \($0)" }
        case .held(let devices): devices.map { "/dev/\($0)" }
        case .swap: ["the kernel, as swap"]
        case .free: []
        }
    }
}
