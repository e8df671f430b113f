package import AutohealPlan
package import AutohealSpec
package import AutohealState

/// What a run leaves in the runtime directory for `status`.
package struct Report: Hashable, Sendable, Codable {
    package static let currentVersion = 1

    package var version = Report.currentVersion
    package var device: String
    package var mountPoint: String
    package var node: String?
    package var number: DeviceNumber?
    /// What the device said of itself; nil if it says nothing, or in the report of an older version.
    package var volumeID: String?
    /// What the last run that succeeded mounted here; nil if none has, or in the report of an older version.
    package var mounted: Mounted?
    package var wantsReadOnly: Bool
    /// What the kernel had counted of an ext4 when it was mounted; nil for other types.
    package var errorsAtMount: UInt64?
    package var outcome: String
    package var exitStatus: ExitStatus
    package var reason: String
    /// Why it failed, in one word for programs; nil if it did not, or in the report of an older version.
    package var cause: String?
    /// The kernel's boot_id (random(4)) of the run; nil if that was not known, or in the report of an older version.
    package var boot: String?
    package var steps: [String]
    /// What could be done without; nil in the report of a version that did not write it.
    package var warnings: [String]?
    /// Seconds since 1970 when the run ended.
    package var time: Double
    /// Seconds that the run took.
    package var duration: Double
    /// Of the last run that mounted it; nil if none has, or in the report of an older version.
    package var heal: Heal.Record?
    /// The error with which the kernel gave up writing what was in the caches of the mount, as a release has seen it; it tells
    /// that once. Nil if none was seen.
    package var lostWrites: Int32?

    package struct Mounted: Hashable, Sendable, Codable {
        package var number: DeviceNumber
        package var volumeID: String?

        package enum CodingKeys: String, CodingKey {
            case number
            case volumeID = "volume_id"
        }
    }

    /// - Parameter previous: the last report of the same mount point; asked for only where it matters.
    package init(
        spec: VolumeSpec,
        outcome: Outcome,
        previous: @autoclosure () -> Report? = nil,
        boot: String? = nil,
        time: Double,
        duration: Double
    ) {
        device = spec.device
        mountPoint = spec.mountPoint
        node = outcome.state?.device.node
        number = outcome.state?.device.number
        volumeID = outcome.state?.device.volumeID?.description
        wantsReadOnly = spec.options.isReadOnly
        if case .mounted(let mount) = outcome.state?.mountPoint { errorsAtMount = mount.errorCount }
        self.outcome = outcome.name
        exitStatus = outcome.exitStatus
        reason = outcome.reason
        cause = outcome.cause
        self.boot = boot
        if case .changed(let heal, _, _) = outcome {
            steps = heal.steps.map(\.step.name)
            if steps.contains(Step.mountName) { self.heal = Heal.Record(heal, duration: duration) }
        } else {
            steps = []
        }
        warnings = outcome.warnings
        if outcome.exitStatus == .ok, let device = outcome.state?.device {
            mounted = Mounted(number: device.number, volumeID: device.volumeID?.description)
        }
        // A fresh mount owes nothing to what was before.
        if outcome.exitStatus != .ok || !steps.contains(Step.mountName), let previous = previous() {
            mounted = mounted ?? previous.mounted
            heal = previous.heal
            lostWrites = previous.lostWrites
            // Errors since the mount stay new after another run.
            if number == nil || (previous.mounted?.number ?? previous.number) == number {
                errorsAtMount = previous.errorsAtMount
            }
        }
        self.time = time
        self.duration = duration
    }

    /// The same after its volume was released.
    ///
    /// - Parameters:
    ///   - ending: nil if a person asked for it, who may take it back.
    ///   - time: seconds since 1970.
    package func released(_ attempt: ReleaseAttempt, because ending: EndingReason?, at time: Double) -> Report {
        var report = self
        report.outcome = Self.releasedOutcome
        report.exitStatus = .ok
        let next =
            ending == nil
            ? "'systemctl start autoheal-agent' mounts it again." : "Nothing mounts it again before the next boot."
        report.cause = nil
        report.reason = [attempt.record, attempt.loss, next].compactMap(\.self).joined(separator: " ")
        report.steps = []
        report.warnings = attempt.loss.map { [$0] }
        report.mounted = nil
        report.duration = 0
        report.time = time
        return report
    }

    package var isReleased: Bool { outcome == Self.releasedOutcome }

    private static let releasedOutcome = "released"

    package enum CodingKeys: String, CodingKey {
        case version, device, node, number, mounted, outcome, reason, cause, boot, steps, warnings, time, duration, heal
        case mountPoint = "mount_point"
        case volumeID = "volume_id"
        case wantsReadOnly = "wants_read_only"
        case errorsAtMount = "errors_at_mount"
        case lostWrites = "lost_writes"
        case exitStatus = "exit_status"
    }
}
