package import AutohealPlan
import AutohealSpec
package import AutohealState

/// Whether a volume is as it was left, by what one look saw. Pure.
package struct VolumeHealth: Hashable, Sendable {
    /// The worst one first.
    package let faults: [VolumeFault]
    /// What could not be seen, in words.
    package let unknowns: [String]
    private let canBeJudged: Bool

    package enum State: String, Hashable, Sendable {
        case healthy
        /// It is of use, and something needs attention.
        case degraded
        case failed
        /// It was given up on purpose, and is not mounted.
        case released
        /// Too little could be seen to call it anything else.
        case unknown
    }

    package var state: State {
        if faults.contains(where: { $0.status != .ok }) { return .failed }
        guard canBeJudged else { return .unknown }
        return faults.isEmpty ? .healthy : .degraded
    }

    /// ``ExitStatus/ok`` only if the volume can be used now as it was wished.
    package var status: ExitStatus {
        faults.first { $0.status != .ok }?.status ?? (canBeJudged ? .ok : .osError)
    }

    /// - Parameters:
    ///   - device: the one that the last run mounted.
    ///   - isReadOnlyWished: whether it was to be mounted read-only.
    ///   - errorsAtMount: what ``FilesystemErrors/count`` was then; nil if that is not known.
    package init(
        of observation: VolumeObservation,
        device: DeviceNumber,
        isReadOnlyWished: Bool,
        errorsAtMount: UInt64?,
        thresholds: HealthThresholds = HealthThresholds()
    ) {
        var faults: [VolumeFault] = []
        canBeJudged = observation.mountPoint.value != nil && observation.deviceSize.value != nil
        unknowns =
            observation.mountPoint.unknown("the mount point") + observation.deviceSize.unknown("the device")
            + (observation.controllerState?.unknown("the disk's controller") ?? [])
            + (observation.errors?.unknown("the errors that the kernel counts") ?? [])
            + observation.read.unknown("a read from the device") + observation.space.unknown("the free space")
        if observation.deviceSize.value == 0 { faults.append(.deviceGone) }
        if let state = observation.controllerState?.value, state != "live" {
            faults.append(.controllerNotLive(state: state))
        }
        let mount = Self.mount(observation.mountPoint, device, &faults)
        if let mount {
            faults += Self.faults(of: mount, observation, isReadOnlyWished, errorsAtMount)
            if let space = observation.space.value {
                faults += Self.faults(of: space, isReadOnly: mount.isReadOnly, thresholds)
            }
        }
        switch observation.read.value {
        case .failed(let errno)?: faults.append(.readFailed(errno))
        case .waiting(let time)? where time >= thresholds.readLimit: faults.append(.readHangs(time))
        case .answered(let time)? where time > thresholds.readLimit: faults.append(.readSlow(time))
        default: break
        }
        // What makes the volume useless comes before what only needs attention, each in the order of the causes.
        self.faults = faults.filter { $0.status != .ok } + faults.filter { $0.status == .ok }
    }

    /// The mount, if it is the one that was made.
    private static func mount(
        _ state: Observed<MountPointState>,
        _ device: DeviceNumber,
        _ faults: inout [VolumeFault]
    ) -> MountPointState.Mount? {
        guard let state = state.value else { return nil }
        guard case .mounted(let mount) = state else {
            faults.append(.notMounted)
            return nil
        }
        guard mount.number == device else {
            faults.append(.otherDevice(source: mount.source, number: mount.number))
            return nil
        }
        guard mount.root == "/" || mount.type == .btrfs else {
            faults.append(.otherRoot(mount.root))
            return nil
        }
        return mount
    }

    private static func faults(
        of mount: MountPointState.Mount,
        _ observation: VolumeObservation,
        _ isReadOnlyWished: Bool,
        _ errorsAtMount: UInt64?
    ) -> [VolumeFault] {
        var faults: [VolumeFault] = []
        let errors = observation.errors?.value
        // Where the count at the mount is unknown, it is not known either which of them are new.
        let known = errorsAtMount ?? .max
        let new = errors.map { $0.count > known ? $0.count - known : 0 } ?? 0
        // The first one of all is the first one since the mount only if there was none before.
        let since = errorsAtMount == 0 ? errors?.firstTime : nil
        if mount.fault == .unreadable {
            faults.append(.shutDown)
        } else if mount.fault == .journalAborted || new > 0 && errors?.tellsOfAbortedJournal == true {
            faults.append(.journalAborted(since: since))
        } else if mount.isReadOnly, !isReadOnlyWished {
            faults.append(.readOnly)
        } else if !mount.isReadOnly, isReadOnlyWished {
            faults.append(.readWrite)
        }
        if new > 0 {
            faults.append(.errorsRecorded(new: new, since: since))
        } else if let errors, errors.count > 0 {
            faults.append(.oldErrors(errors.count))
        }
        if let size = mount.filesystemSize, let device = observation.deviceSize.value, device > size,
            device - size >= Planner.growthThreshold, !isReadOnlyWished, mount.type.canGrow
        {
            faults.append(.smallerThanDevice(filesystem: size, device: device))
        }
        return faults
    }

    private static func faults(
        of space: SpaceUsage,
        isReadOnly: Bool,
        _ thresholds: HealthThresholds
    ) -> [VolumeFault] {
        // Where nothing can be written, nothing is missed.
        guard !isReadOnly, space.bytes > 0 else { return [] }
        var faults: [VolumeFault] = []
        if space.bytesFree == 0 {
            faults.append(.full)
        } else if isBelow(space.bytesFree, of: space.bytes, thresholds) {
            faults.append(.nearlyFull(space))
        }
        if space.inodes > 0 {
            if space.inodesFree == 0 {
                faults.append(.noInodes)
            } else if isBelow(space.inodesFree, of: space.inodes, thresholds) {
                faults.append(.fewInodes(space))
            }
        }
        return faults
    }

    private static func isBelow(_ free: UInt64, of all: UInt64, _ thresholds: HealthThresholds) -> Bool {
        Double(free) * 100 < Double(all) * Double(thresholds.freePercent)
    }
}

/// From where on a volume is not well.
package struct HealthThresholds: Hashable, Sendable {
    /// Per cent of the bytes, and of the inodes, below which the file system counts as nearly full.
    package var freePercent = 5
    /// A read that takes longer hangs.
    package var readLimit: Duration = .seconds(5)

    package init() {}
}
