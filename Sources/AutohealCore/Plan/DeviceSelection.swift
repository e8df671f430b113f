package import AutohealSpec
package import AutohealState

/// What one look found.
package enum DeviceSelection: Hashable, Sendable {
    case found(BlockDevice, by: Evidence)
    /// Not there, or not right; waiting may help. The refusal is what is said when it does not.
    case notYet(Refusal)

    /// How sure it is that this is the wanted device.
    package enum Evidence: String, Hashable, Sendable {
        case volumeID = "volume-id"
        case ebsDeviceName = "ebs-device-name"
        case path
    }

    /// Chooses the device that a specification means.
    ///
    /// The configured volume id comes first, then the EBS device name of the attachment, then the path itself, which is
    /// only a hint: a symbolic link may be stale. Instance storage is never a candidate (AWS: "Map EBS volumes to NVMe
    /// devices").
    package static func select(
        _ spec: VolumeSpec,
        among devices: [BlockDevice],
        path: PathTarget
    ) -> DeviceSelection {
        let candidates = devices.filter { $0.identity.kind != .instanceStore }
        let byPath = select(path, seen: devices)
        if let wanted = spec.volumeID {
            // The path may name a partition of the wanted volume.
            if case .found(let device, _) = byPath, device.identity.volumeID == wanted {
                return .found(device, by: .volumeID)
            }
            let matches = candidates.filter { $0.identity.volumeID == wanted }
            if let choice = single(matches, by: .volumeID) { return choice.narrowed(to: spec.device) }
            // Xen, virtio or loop devices do not tell their volume: the path is all there is.
            if case .found(let device, _) = byPath, let found = device.identity.volumeID {
                return .notYet(.wrongVolume(node: device.node, found: found))
            }
            if let named = attached(as: spec.device, among: candidates).first, let found = named.identity.volumeID {
                return .notYet(.wrongVolume(node: named.node, found: found))
            }
            return byPath
        }
        if let choice = single(attached(as: spec.device, among: candidates), by: .ebsDeviceName) { return choice }
        if let name = EBSDeviceName(spec.device), name.number != nil,
            let choice = single(attached(as: name.disk, among: candidates), by: .ebsDeviceName)
        {
            return choice.narrowed(to: spec.device)
        }
        if case .found(let device, _) = byPath, let wanted = EBSDeviceName(spec.device),
            let name = device.identity.ebsDeviceName, EBSDeviceName(name) != wanted
        {
            return .notYet(.otherAttachment(node: device.node, name: name))
        }
        return byPath
    }

    private static func attached(as name: String, among devices: [BlockDevice]) -> [BlockDevice] {
        EBSDeviceName(name).map { attached(as: $0, among: devices) } ?? []
    }

    private static func attached(as name: EBSDeviceName, among devices: [BlockDevice]) -> [BlockDevice] {
        devices.filter { $0.identity.ebsDeviceName.flatMap(EBSDeviceName.init(_:)) == name }
    }

    /// The partition of the chosen disk, if the name asks for one: `/dev/xvdf1`, `/dev/sdf1` or `/dev/nvme1n1p1`.
    private func narrowed(to name: String) -> DeviceSelection {
        guard case .found(let disk, let evidence) = self, let number = Self.partitionNumber(in: name),
            disk.identity.ebsDeviceName.flatMap(EBSDeviceName.init(_:)) != EBSDeviceName(name)
                || EBSDeviceName(name) == nil
        else { return self }
        guard let partition = disk.partitions[number] else {
            return .notYet(.partitionAbsent(disk: disk.node, number: number))
        }
        return partition.size == 0 ? .notYet(.deviceEmpty) : .found(partition, by: evidence)
    }

    private static func partitionNumber(in name: String) -> Int? {
        if let name = EBSDeviceName(name) { return name.number }
        guard let kernelName = name.split(separator: "/").last, kernelName.hasPrefix("nvme"),
            let separator = kernelName.lastIndex(of: "p")
        else { return nil }
        return Int(kernelName[kernelName.index(after: separator)...])
    }

    private static func single(_ matches: [BlockDevice], by evidence: Evidence) -> DeviceSelection? {
        switch matches.count {
        case 0: nil
        case 1: .found(matches[0], by: evidence)
        default: .notYet(.severalDevices(matches.map(\.node)))
        }
    }

    private static func select(_ path: PathTarget, seen: [BlockDevice]) -> DeviceSelection {
        switch path {
        case .absent: .notYet(.deviceAbsent(seen: seen))
        case .other(let kind): .notYet(.notABlockDevice(kind: kind))
        case .blockDevice(let device) where device.identity.kind == .instanceStore:
            .notYet(.instanceStore(node: device.node))
        case .blockDevice(let device) where device.size == 0: .notYet(.deviceEmpty)
        case .blockDevice(let device): .found(device, by: .path)
        }
    }
}

/// What the configured device path leads to, symbolic links followed.
package enum PathTarget: Hashable, Sendable {
    case absent
    case blockDevice(BlockDevice)
    /// Something else; the kind in words.
    case other(kind: String)
}
