package import AutohealSpec
package import AutohealState

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// What to do, in order; empty when everything is as wished.
package struct Plan: Hashable, Sendable {
    package var steps: [Step]

    package init(steps: [Step]) { self.steps = steps }

    package var isEmpty: Bool { steps.isEmpty }
    /// Whether nothing is left but steps whose failure is only a warning.
    package var isSatisfied: Bool { steps.allSatisfy(\.isOptional) }
    package var formats: Bool {
        steps.contains { if case .format = $0 { true } else { false } }
    }
}

/// Compares the wish with what is there. Pure: the whole decision table is here.
package enum Planner {
    /// Bytes a file system may be smaller than its device without being grown: mkfs leaves out a last block group that is
    /// too small for its own metadata.
    package static let growthThreshold: UInt64 = 32 << 20

    /// What the mount point needs, whatever becomes of the device.
    package static func preparation(of mountPoint: MountPointState) throws(Refusal) -> [Step] {
        switch mountPoint {
        case .absent: [.createMountPoint, .protectMountPoint]
        case .directory(isEmpty: true, isProtected: false): [.protectMountPoint]
        case .directory, .mounted: []
        case .notDirectory(let kind): throw .mountPointNotADirectory(kind: kind)
        }
    }

    /// - Parameter newUUID: for the file system, should one be created.
    package static func plan(
        _ spec: VolumeSpec,
        from state: VolumeState,
        newUUID: UUID = UUID()
    ) throws(Refusal) -> Plan {
        let device = state.device
        if case .mounted(let mount) = state.mountPoint {
            guard mount.type != .autofs else { throw .automount(fstabEntry: mount.fstabEntry) }
            let steps =
                if mount.fault == nil {
                    try whenMounted(spec, mount, on: device)
                } else {
                    try whenDead(spec, mount, besides: device)
                }
            return Plan(steps: steps)
        }
        let preparation = try preparation(of: state.mountPoint)
        let content = try usableContent(of: device)
        return try Plan(steps: preparation + steps(for: spec, on: device, holding: content, newUUID: newUUID))
    }

    private static func usableContent(of device: DeviceState) throws(Refusal) -> DeviceContent {
        // A device that has just gone is not read, and is not in use either.
        guard device.size > 0 else { throw .deviceEmpty }
        guard device.use == .free, let content = device.content else { throw .deviceInUse(device.use) }
        guard device.size == device.kernelSize else {
            throw .sizesDiffer(device: device.size, kernel: device.kernelSize)
        }
        return content
    }

    private static func whenMounted(
        _ spec: VolumeSpec,
        _ mount: MountPointState.Mount,
        on device: DeviceState
    ) throws(Refusal) -> [Step] {
        // A btrfs subvolume shows its own path as the root of the mount.
        guard mount.number == device.number, mount.root == "/" || mount.type == .btrfs else {
            throw .mountPointOccupied(mount)
        }
        guard !mount.isReadOnly || spec.options.isReadOnly else { throw .mountedReadOnly }
        guard mount.isReadOnly || !spec.options.isReadOnly else { throw .mountedReadWrite }
        return mount.isReadOnly || spec.options.isReadOnly
            ? [] : growth(of: mount.type, from: mount.filesystemSize, to: device.size, wanted: spec.grow)
    }

    /// What is mounted can never be used again. Where it is the wanted volume, which has come back under another node, it
    /// may be unmounted: the kernel refuses that while anything uses it. Nothing is formatted in its place.
    private static func whenDead(
        _ spec: VolumeSpec,
        _ mount: MountPointState.Mount,
        besides device: DeviceState
    ) throws(Refusal) -> [Step] {
        let isSame = isSame(mount, device)
        guard mount.fault == .deviceGone, isSame, mount.root == "/", mount.number != device.number else {
            throw .deadMount(mount, node: device.node, isSameVolume: isSame, users: nil)
        }
        guard case .filesystem(let filesystem) = try usableContent(of: device) else {
            throw .deadMount(mount, node: device.node, isSameVolume: isSame, users: nil)
        }
        return try [.unmount(mount)] + self.mount(filesystem, spec, device)
    }

    /// By the file system where the kernel tells its UUID, else by what an earlier run mounted there.
    private static func isSame(_ mount: MountPointState.Mount, _ device: DeviceState) -> Bool {
        if case .filesystem(let filesystem) = device.content, let found = filesystem.uuid,
            let shown = mount.filesystemUUID
        {
            return found == shown
        }
        return mount.volumeID != nil && mount.volumeID == device.volumeID
    }

    private static func steps(
        for spec: VolumeSpec,
        on device: DeviceState,
        holding content: DeviceContent,
        newUUID: UUID
    ) throws(Refusal) -> [Step] {
        switch content {
        case .blank(let coverage, let isMarked):
            return try format(spec, device, uuid: newUUID, .blank(coverage, isMarked: isMarked))
        case .interruptedFormat(let marker, let coverage):
            return try format(spec, device, uuid: marker.recipe.uuid, .interrupted(marker, coverage))
        case .unrecognised:
            return try format(spec, device, uuid: newUUID, .unproven)
        case .unknownData(let offset, let trace):
            guard spec.formatPolicy == .ifNoSignature else { throw .unknownData(offset: offset, besides: trace) }
            return try format(spec, device, uuid: newUUID, .unproven)
        case .filesystem(let filesystem):
            return try mount(filesystem, spec, device)
        case .partitionTable, .other, .ambivalent, .damaged, .unreadable, .shortRead:
            throw content.refusal ?? .ambivalent([])
        }
    }

    private static func format(
        _ spec: VolumeSpec,
        _ device: DeviceState,
        uuid: UUID,
        _ proof: Step.Proof
    ) throws(Refusal) -> [Step] {
        if let prohibition = spec.formatProhibition(of: device.volumeID, node: device.node) { throw prohibition }
        guard !device.isReadOnly else { throw .deviceReadOnly }
        guard device.size >= VolumeSpec.minimumSize else { throw .deviceTooSmall(size: device.size) }
        guard proof != .unproven || spec.formatPolicy == .ifNoSignature else { throw .notProvenBlank }
        let format = Step.Format(
            uuid: uuid,
            label: spec.label,
            owner: spec.owner,
            mode: spec.mode,
            options: spec.mkfsOptions,
            // What promises no proof claims none.
            proof: spec.formatPolicy == .ifNoSignature ? .unproven : proof
        )
        return [.format(format), .mount(VolumeSpec.createdType, options: spec.options)]
    }

    private static func mount(
        _ filesystem: DeviceContent.Filesystem,
        _ spec: VolumeSpec,
        _ device: DeviceState
    ) throws(Refusal) -> [Step] {
        // Before anything is run on it: e2fsck would cut it to the size of the device.
        if let size = filesystem.size, size > device.size {
            throw .filesystemLargerThanDevice(size: size, device: device.size)
        }
        if let wanted = spec.requiredType, wanted != filesystem.type {
            throw .otherType(found: filesystem.type, wanted: wanted)
        }
        if let wanted = spec.label, wanted != filesystem.label {
            throw .otherLabel(found: filesystem.label, wanted: wanted)
        }
        guard !device.isReadOnly || spec.options.isReadOnly else { throw .deviceReadOnly }
        var steps: [Step] = []
        let mayWrite = !device.isReadOnly && !spec.options.isReadOnly
        if spec.check, filesystem.type.isExt, mayWrite {
            steps.append(.check(filesystem.type))
        }
        // After the check, which brings the journal up to date. A marker of another file system may be part of a file by
        // now: it is none of our business.
        if let marker = filesystem.leftoverMarker, mayWrite,
            filesystem.uuid.flatMap(UUID.init(uuidString:)) == marker.recipe.uuid
        {
            steps.append(.finishFormat(marker))
        }
        steps.append(.mount(filesystem.type, options: spec.options))
        if !spec.options.isReadOnly {
            steps += growth(of: filesystem.type, from: filesystem.size, to: device.size, wanted: spec.grow)
        }
        return steps
    }

    private static func growth(
        of type: FilesystemType,
        from size: UInt64?,
        to deviceSize: UInt64,
        wanted: Bool
    ) -> [Step] {
        guard wanted, type.canGrow, let size, deviceSize > size, deviceSize - size >= growthThreshold else { return [] }
        return [.grow(type, from: size, to: deviceSize)]
    }
}
