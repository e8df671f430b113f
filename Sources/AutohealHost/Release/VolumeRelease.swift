import AutohealPlan
package import AutohealRun
import AutohealSpec
import AutohealState
import CLinux
import Glibc
import Libmount
import SystemPackage

/// Frees a volume that is mounted: unmounts it if nothing uses it, and proves that nobody does.
///
/// Nothing is killed and nothing is detached lazily (umount(2), MNT_DETACH): the kernel's EBUSY is heeded. What would outlive
/// the unmount is looked for before it, since the volume could not be mounted again beside it.
package struct VolumeRelease: Sendable {
    private let mountPoint: MountPoint
    private let number: DeviceNumber
    private let volumeID: VolumeID?
    /// What an earlier attempt has seen.
    private let lostBefore: Errno?
    private let runtimeDirectory: RuntimeDirectory
    private let roots: MachineRoots

    /// Mounts that lie upon each other; more than one is a mistake of somebody.
    private static let maximumDepth = 32

    /// - Returns: nil for the report of a run that has not mounted anything.
    package init?(_ report: Report, runtimeDirectory: RuntimeDirectory, roots: MachineRoots = MachineRoots()) {
        guard let number = report.mounted?.number ?? report.number else { return nil }
        mountPoint = MountPoint(path: report.mountPoint, roots: roots)
        self.number = number
        volumeID = (report.mounted?.volumeID ?? report.volumeID).flatMap { VolumeID($0) }
        lostBefore = report.lostWrites.map { Errno(rawValue: $0) }
        self.runtimeDirectory = runtimeDirectory
        self.roots = roots
    }

    /// Whether it is mounted where it was, for example again since it was released.
    package var isMounted: Bool {
        guard let target, let targets = try? mountPoint.targets(of: number) else { return false }
        return targets.contains(target)
    }

    private var target: String? { mountPoint.target }

    /// Tries once; a run of the agent on the same mount point counts as a user.
    ///
    /// - Throws: what is tried again by a further release, once its cause is mended.
    package func attempt() throws(HostError) -> ReleaseAttempt {
        try Surroundings(roots: roots).check()
        let lock: FileDescriptor
        let isOurs: Bool
        do throws(Errno) {
            lock = try runtimeDirectory.openLockFile(for: mountPoint.path)
            isOurs = try LockedDevice.lock(lock)
        } catch {
            throw HostError("lock", mountPoint.path, .errno(error), exitStatus: .temporaryFailure)
        }
        defer { try? lock.close() }
        guard isOurs else {
            return inUse(["a run of autoheal-agent on \(mountPoint.path)"], lostBefore)
        }
        do throws(VolumeError) { return try free() } catch {
            guard case .failed(let failure) = error else { return inUse([], lostBefore) }
            throw failure
        }
    }

    private func free() throws(VolumeError) -> ReleaseAttempt {
        var lost = lostBefore
        guard !isAnotherVolume else { return .gone(lost: lost) }
        let users = try lasting()
        guard users.isEmpty else { return inUse(users, lost) }
        if let obstacle = try unmountAll(&lost) { return obstacle }
        return try proof(lost)
    }

    private func inUse(_ users: [String], _ lost: Errno?) -> ReleaseAttempt {
        .inUse(users, isMounted: isMounted, lost: lost)
    }

    /// Whether the number is another disk's now, by what that says of itself.
    private var isAnotherVolume: Bool {
        let scanner = BlockDeviceScanner(roots: roots)
        guard let volumeID, let node = scanner.node(of: number),
            case .blockDevice(let device) = scanner.target(of: node),
            let present = device.identity.volumeID
        else { return false }
        return present != volumeID
    }

    /// Who would still use the volume after it is unmounted here.
    private func lasting() throws(VolumeError) -> [String] {
        let target = mountPoint.target
        let elsewhere = try mountPoint.targets(of: number).filter { $0 != target }
        let users = DeviceUsers(roots: roots)
        return try elsewhere.map { "the mount at \($0.printable)" }
            + BlockDeviceScanner(roots: roots).holders(of: disk).map { "/dev/\($0)" }
            + users.mountsThatStay(of: number)
            + users.writers(of: disk)
            + (target.map { MountUsers(roots: roots).overlays(on: $0) } ?? [])
    }

    /// The whole disk: what uses another part of it uses the volume.
    private var disk: DeviceNumber { BlockDeviceScanner(roots: roots).wholeDisk(of: number)?.number ?? number }

    /// Unmounts what lies at the mount point, as often as it lies there; nil once none of it does.
    private func unmountAll(_ lost: inout Errno?) throws(VolumeError) -> ReleaseAttempt? {
        for _ in 0..<Self.maximumDepth {
            let entries = try mountPoint.entries()
            guard let target = mountPoint.target, let top = entries.last(where: { $0.target == target }) else {
                return nil
            }
            guard mountPoint.deviceNumber(of: top) == number else {
                let isBelow = entries.contains { $0.target == target && mountPoint.deviceNumber(of: $0) == number }
                return isBelow ? .covered(by: "that of \(top.source.printable)") : nil
            }
            if let error = flush(target) { lost = error }
            do throws(MountError) { try unmount(target) } catch {
                switch error.code {
                case EBUSY: return inUse(MountUsers(roots: roots).users(of: target), lost)
                // The table has it, and the path does not lead there.
                case EINVAL, ENOENT: return .covered(by: "one on a directory above it")
                default: throw failure("unmount", target, Errno(rawValue: error.code))
                }
            }
        }
        return .covered(by: "more than \(Self.maximumDepth) of them")
    }

    /// syncfs(2).
    ///
    /// - Returns: the error with which what was in the caches was given up; the kernel tells it once.
    private func flush(_ target: String) -> Errno? {
        do {
            let descriptor = try FileDescriptor.open(target, .readOnly, options: [.directory, .closeOnExec])
            defer { try? descriptor.close() }
            return clinux_syncfs(descriptor.rawValue) == 0 ? nil : Errno(rawValue: errno)
        } catch {
            // A file system that was shut down does not let its directory be opened.
            return error as? Errno
        }
    }

    /// The kernel's own answer whether anybody uses the disk, whichever part of it: also in another mount namespace, where a
    /// mount may live on. Of a process that has only opened it, /proc tells.
    private func proof(_ lost: Errno?) throws(VolumeError) -> ReleaseAttempt {
        let scanner = BlockDeviceScanner(roots: roots)
        let disk = disk
        // It may leave at any moment, and leaves a size of 0 while something still has it open.
        guard attribute("\(roots.sys)/dev/block/\(disk)/size").flatMap(UInt64.init) ?? 0 > 0,
            let node = scanner.node(of: disk)
        else { return .gone(lost: lost) }
        var lost = lost
        do throws(Errno) {
            let descriptor = try openExclusively(node)
            defer { try? descriptor.close() }
            var information = stat()
            guard fstat(descriptor.rawValue, &information) == 0,
                information.st_rdev == clinux_makedev(disk.major, disk.minor)
            else { throw .noSuchAddressOrDevice }
            if fsync(descriptor.rawValue) != 0 { lost = lost ?? Errno(rawValue: errno) }
        } catch {
            guard error == .resourceBusy else { throw failure("open exclusively", node, error) }
            return inUse(DeviceUsers(roots: roots).use(of: disk).users, lost)
        }
        let writers = DeviceUsers(roots: roots).writers(of: disk)
        return writers.isEmpty ? .free(lost: lost) : inUse(writers, lost)
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
        .failed(
            HostError(
                operation,
                subject,
                .errno(cause),
                exitStatus: .ioError,
                advice: "The kernel log says why. Run 'autoheal-agent release' again once that is mended."
            )
        )
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
