import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import Glibc
import Libmount
import SystemPackage

extension LinuxHost {
    /// What an earlier run of this boot mounted here from a device that is gone now.
    func volumeID(of mount: MountPointState.Mount, at spec: VolumeSpec) -> VolumeID? {
        runtimeDirectory.report(of: spec.mountPoint)?.mounted
            .flatMap { $0.number == mount.number ? $0.volumeID : nil }
            .flatMap { VolumeID($0) }
    }

    /// umount(2) without MNT_DETACH: its EBUSY is the kernel's proof that something still uses the mount, which then stays.
    ///
    /// - Throws: `superseded` if the mount is not the dead one that was planned for, or not the last of it.
    func unmountDead(
        _ planned: MountPointState.Mount,
        _ spec: VolumeSpec,
        for device: LockedDevice
    ) throws(VolumeError) {
        let mountPoint = mountPoint(spec)
        guard case .mounted(let mount) = try mountPoint.state(), mount.fault == .deviceGone,
            mount.number == planned.number, mount.root == "/", let target = mountPoint.target
        else { throw .superseded("\(spec.mountPoint) no longer shows the dead mount of \(planned.source).") }
        do throws(MountError) { try insist(on: target) } catch {
            switch error.code {
            case EBUSY:
                let users = MountUsers(roots: roots).users(of: target)
                throw .refused(.deadMount(mount, node: device.device.node, isSameVolume: true, users: users))
            case EINVAL, ENOENT:
                throw .superseded("\(spec.mountPoint) was unmounted meanwhile.")
            default:
                throw .failed(
                    HostError(
                        "unmount the dead mount of \(mount.source) at",
                        spec.mountPoint,
                        .errno(Errno(rawValue: error.code)),
                        exitStatus: .osError,
                        advice: "Nothing was changed. Detach it with 'umount -l \(spec.mountPoint)', and run again."
                    )
                )
            }
        }
        // Twice mounted, it is twice to be unmounted; what else there is, is looked at like everything that is found.
        guard case .mounted(let left) = try mountPoint.state(), left.number == planned.number else { return }
        throw .superseded("\(spec.mountPoint) still shows \(left.source) after it was unmounted once.")
    }

    /// Again for a moment while it is busy: a child that another volume's thread has just started holds what was open then.
    private func insist(on target: String) throws(MountError) {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(1)
        while true {
            do throws(MountError) { return try unmount(target) } catch {
                guard error.code == EBUSY, clock.now < end, (try? pause(.milliseconds(50))) != nil else { throw error }
            }
        }
    }
}
