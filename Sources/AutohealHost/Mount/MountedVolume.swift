import AutohealPlan
package import AutohealRun
package import AutohealState

/// What a run has mounted and is to be looked at.
package struct MountedVolume: Hashable, Sendable {
    package let number: DeviceNumber
    /// Its name then, or now.
    package let node: String?

    /// - Returns: nil where no run has mounted anything, where the volume was released, and where a later run failed and the
    ///   mount of the earlier one is gone.
    package init?(_ report: Report, runtimeDirectory: RuntimeDirectory) {
        guard let number = report.exitStatus == .ok ? report.number : report.mounted?.number else { return nil }
        if report.isReleased || report.exitStatus != .ok {
            guard VolumeRelease(report, runtimeDirectory: runtimeDirectory)?.isMounted == true else { return nil }
        }
        self.number = number
        node = report.node ?? BlockDeviceScanner().node(of: number)
    }
}
