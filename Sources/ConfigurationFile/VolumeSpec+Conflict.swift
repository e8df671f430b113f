import AutohealSpec

extension VolumeSpec {
    /// Why two volumes cannot be on one machine.
    ///
    /// - Parameters:
    ///   - other: what the earlier one is called.
    ///   - isOrdered: whether the outer one of two that lie within each other is mounted first.
    func conflict(with earlier: VolumeSpec, of other: String, isOrdered: Bool = false) -> ConfigurationError? {
        if let id = volumeID, id == earlier.volumeID {
            return ConfigurationError(
                key: "volume-id",
                found: "\(id)",
                problem: "is that of \(other) too: each volume needs its own"
            )
        }
        if isSameDevice(as: earlier) {
            return ConfigurationError(
                key: "device",
                found: device,
                problem: device == earlier.device
                    ? "is that of \(other) too: each volume needs its own"
                    : "is the same slot as '\(earlier.device)' of \(other): each volume needs its own"
            )
        }
        if mountPoint == earlier.mountPoint {
            return ConfigurationError(
                key: "mount-point",
                found: mountPoint,
                problem: "is that of \(other) too: each volume needs its own"
            )
        }
        // The volumes are handled side by side, so the outer one could cover the inner one.
        if !isOrdered, isInside(earlier) || earlier.isInside(self) {
            return ConfigurationError(
                key: "mount-point",
                found: mountPoint,
                problem: "and '\(earlier.mountPoint)' of \(other) lie within each other: they must stand side by side"
            )
        }
        return nil
    }

    private func isInside(_ other: VolumeSpec) -> Bool { mountPoint.hasPrefix(other.mountPoint + "/") }

    private func isSameDevice(as other: VolumeSpec) -> Bool {
        if device == other.device { return true }
        guard let name = EBSDeviceName(device) else { return false }
        return name == EBSDeviceName(other.device)
    }
}
