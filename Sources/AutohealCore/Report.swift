/// What a run leaves in the runtime directory for `status`.
package struct Report: Hashable, Sendable, Codable {
    package static let currentVersion = 1

    package var version = Report.currentVersion
    package var device: String
    package var mountPoint: String
    package var node: String?
    package var number: DeviceNumber?
    package var wantsReadOnly: Bool
    /// What the kernel had counted of an ext4 when it was mounted; nil for other types.
    package var errorsAtMount: UInt64?
    package var outcome: String
    package var exitStatus: ExitStatus
    package var reason: String
    package var steps: [String]
    /// What could be done without; nil in the report of a version that did not write it.
    package var warnings: [String]?
    /// Seconds since 1970 when the run ended.
    package var time: Double
    /// Seconds that the run took.
    package var duration: Double

    package init(spec: VolumeSpec, outcome: Outcome, time: Double, duration: Double) {
        device = spec.device
        mountPoint = spec.mountPoint
        node = outcome.state?.device.node
        number = outcome.state?.device.number
        wantsReadOnly = spec.options.isReadOnly
        if case .mounted(let mount) = outcome.state?.mountPoint { errorsAtMount = mount.errorCount }
        self.outcome = outcome.name
        exitStatus = outcome.exitStatus
        reason = outcome.reason
        if case .changed(let steps, _, _) = outcome {
            self.steps = steps.map(\.name)
        } else {
            steps = []
        }
        warnings = outcome.warnings
        self.time = time
        self.duration = duration
    }

    /// The same with what an earlier report of the same mount knew: errors since the mount stay new after another run.
    package func continuing(_ earlier: Report?) -> Report {
        guard let earlier, earlier.number == number, !steps.contains(Step.mountName) else { return self }
        var report = self
        report.errorsAtMount = earlier.errorsAtMount
        return report
    }

    package enum CodingKeys: String, CodingKey {
        case version, device, node, number, outcome, reason, steps, warnings, time, duration
        case mountPoint = "mount_point"
        case wantsReadOnly = "wants_read_only"
        case errorsAtMount = "errors_at_mount"
        case exitStatus = "exit_status"
    }
}
