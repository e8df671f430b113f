package import AutohealPlan
package import AutohealRun
package import AutohealSpec
import AutohealState
import Glibc
import Libmount
package import Logging
import SystemPackage

extension LinuxHost {
    package func perform(
        _ step: Step,
        _ spec: VolumeSpec,
        on device: LockedDevice?,
        logger: Logger
    ) async throws(VolumeError) {
        // A release that was asked for meanwhile comes first: it waits for the lock that this run holds.
        if let refusal = runtimeDirectory.handOver?.refusal(at: spec.mountPoint) {
            throw .failed(HostError(step.name, spec.mountPoint, .text(refusal), exitStatus: .unavailable))
        }
        let mountPoint = mountPoint(spec)
        switch step {
        case .createMountPoint: return try mountPoint.create()
        case .protectMountPoint: return try mountPoint.protect()
        default: break
        }
        guard let device else {
            throw .failed(
                HostError(step.name, spec.device, .text("the step needs a device"), exitStatus: .software)
            )
        }
        switch step {
        case .createMountPoint, .protectMountPoint: break
        case .unmount(let mount):
            try unmountDead(mount, spec, for: device)
        case .format(let format) where format.proof == .unproven:
            try await UnprovenFormatter(
                device: device,
                toolDirectories: toolDirectories,
                logger: logger,
                display: display
            )
            .format(format)
        case .format(let format):
            try await exactFormatter(device, mountPoint, logger)
                .format(format, volumeID: spec.volumeID ?? device.device.identity.volumeID)
        case .finishFormat(let marker):
            try exactFormatter(device, mountPoint, logger).finish(marker)
        case .check:
            try await check(device, logger)
        case .mount(let type, let options):
            try mount(type, options, at: mountPoint, device, logger)
        case .grow(let type, _, let size):
            try grow(type, to: size, at: mountPoint, device)
        }
    }

    package func rehearse(
        _ step: Step,
        _ spec: VolumeSpec,
        on device: LockedDevice,
        logger: Logger
    ) async throws(VolumeError) {
        guard case .format(let format) = step else { return }
        if format.proof == .unproven {
            _ = try format.owner.map(Ownership.init(named:))
        } else {
            try await exactFormatter(device, mountPoint(spec), logger)
                .rehearse(format, volumeID: spec.volumeID ?? device.device.identity.volumeID)
        }
    }

    private func exactFormatter(_ device: LockedDevice, _ mountPoint: MountPoint, _ logger: Logger) -> ExactFormatter {
        ExactFormatter(
            device: device,
            images: images(logger),
            mountPoint: mountPoint,
            logger: logger,
            display: display,
            pause: { duration throws(VolumeError) in try pause(duration) }
        )
    }

    private func grow(
        _ type: FilesystemType,
        to size: UInt64,
        at mountPoint: MountPoint,
        _ device: LockedDevice
    ) throws(VolumeError) {
        let kernelLog = KernelLog(roots: roots)
        do throws(VolumeError) {
            try mountPoint.grow(type, to: size, on: device.device.number)
        } catch {
            guard case .failed(var failure) = error else { throw error }
            let said = kernelLog.lines(naming: scanner.kernelName(of: device.device)).suffix(3).joined(separator: " / ")
            if !said.isEmpty { failure.cause = .text("\(failure.cause); the kernel says: \(said)") }
            failure.advice =
                "The volume is as large as before: grow it by hand (resize2fs, xfs_growfs), or say --no-grow."
            throw .failed(failure)
        }
    }

    private func mount(
        _ type: FilesystemType,
        _ options: MountOptions,
        at mountPoint: MountPoint,
        _ device: LockedDevice,
        _ logger: Logger
    ) throws(VolumeError) {
        let node = device.device.node
        if case .directory(isEmpty: false, _) = try mountPoint.state() {
            logger.warning("The mount point is not empty: what is in the directory will be hidden")
        }
        announceReplay(of: type, options, device, logger)
        let kernelLog = KernelLog(roots: roots)
        do {
            try call(mountPoint, device.device, type, options)
        } catch {
            // Busy because fstab or systemd was faster: what is to be done is planned anew.
            if error.code == EBUSY, try !mountPoint.targets(of: device.device.number).isEmpty {
                throw .superseded("\(node) was mounted meanwhile.")
            }
            throw MountFailure(
                node: node,
                mountPoint: mountPoint.path,
                type: type,
                errno: error.code == 0 ? nil : Errno(rawValue: error.code),
                text: error.text,
                kernelLines: kernelLog.lines(about: device.device, mountedAs: type, options, scanner)
            ).error
        }
        try verify(mountPoint, shows: device, readOnly: options.isReadOnly)
    }

    /// mount(2), again for a moment where somebody else has the device open exclusively: a look, or a child that has not yet
    /// let go of what it was born with.
    private func call(
        _ mountPoint: MountPoint,
        _ device: BlockDevice,
        _ type: FilesystemType,
        _ options: MountOptions
    ) throws(MountError) {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(1)
        while true {
            do throws(MountError) {
                let context = try MountContext(
                    source: device.node,
                    target: mountPoint.path,
                    type: type.rawValue,
                    options: options.description
                )
                return try context.mount()
            } catch {
                guard error.code == EBUSY, clock.now < end,
                    (try? mountPoint.targets(of: device.number))?.isEmpty == true,
                    (try? pause(.milliseconds(50))) != nil
                else { throw error }
            }
        }
    }

    /// With `ro` alone the kernel still replays the journal: that is written by it, not by the agent, and is said.
    private func announceReplay(
        of type: FilesystemType,
        _ options: MountOptions,
        _ device: LockedDevice,
        _ logger: Logger
    ) {
        guard options.isReadOnly, !options.skipsRecovery else { return }
        let superblock =
            type.isExt ? (try? ContentReader(DeviceReader(device.descriptor)).extSuperblock()) ?? nil : nil
        if superblock?.needsRecovery == true {
            logger.notice(
                "The journal is not empty: the kernel replays it, which writes to the device; with noload it would not, and files may be missing"
            )
        } else if type == .xfs {
            logger.info(
                "The kernel may write to an xfs that it mounts read-only (its log, its superblock); with norecovery it does not"
            )
        }
    }

    /// A mount that shows another device, or that the kernel made read-only, is taken back.
    private func verify(
        _ mountPoint: MountPoint,
        shows device: LockedDevice,
        readOnly: Bool
    ) throws(VolumeError) {
        let problem: String
        switch try mountPoint.state() {
        case .mounted(let mount) where mount.number != device.device.number:
            problem = "it shows device \(mount.number), not \(device.device.number)"
        case .mounted(let mount) where mount.isReadOnly && !readOnly:
            problem = "the kernel mounted it read-only"
        case .mounted where try mountPoint.depth() > 1:
            problem = "something else was mounted there at the same moment, and lies below it"
        case .mounted: return
        default: problem = "nothing is mounted there"
        }
        let isUnmounted: Bool
        do throws(MountError) {
            try unmount(mountPoint.path)
            isUnmounted = true
        } catch {
            isUnmounted = false
        }
        throw .failed(
            HostError(
                "mount",
                "\(device.device.node) at \(mountPoint.path)",
                .text(problem),
                exitStatus: .osError,
                advice: isUnmounted
                    ? "It was unmounted again; look at the kernel log."
                    : "It could not be unmounted again and is still there; look at the kernel log."
            )
        )
    }
}
