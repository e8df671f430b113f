/// What has changed in the configuration since the last run.
package struct ConfigurationDrift: Hashable, Sendable {
    /// Volumes that are not mounted as the configuration says now, in complete sentences.
    package private(set) var missing: [String] = []
    /// What is mounted and would be done otherwise, or not at all.
    package private(set) var warnings: [String] = []

    private static let advice = "Apply it with 'systemctl restart autoheal-agent'."

    /// - Parameters:
    ///   - present: what the file says now.
    ///   - lastRun: what it said when the last run read it.
    ///   - reports: what the last run did.
    package init(present: [VolumeSpec], lastRun: [VolumeSpec], reports: [Report]) {
        for spec in present where !lastRun.contains(spec) {
            let report = reports.first { $0.mountPoint == spec.mountPoint && $0.exitStatus == .ok }
            if let report, Self.isMounted(spec, report) {
                warnings.append("The settings of \(spec.mountPoint) have changed since the last run. \(Self.advice)")
            } else {
                missing.append(
                    "The configuration has \(spec.device) at \(spec.mountPoint) only since the last run. \(Self.advice)"
                )
            }
        }
        let mountPoints = Set(present.map(\.mountPoint))
        for spec in lastRun where !mountPoints.contains(spec.mountPoint) {
            warnings.append("\(spec.mountPoint) is no longer in the configuration. \(Self.advice)")
        }
    }

    /// Whether the last run mounted this volume there, and as writable as is wished now.
    private static func isMounted(_ spec: VolumeSpec, _ report: Report) -> Bool {
        guard spec.options.isReadOnly == report.wantsReadOnly else { return false }
        if let id = spec.volumeID, let found = report.volumeID { return id.description == found }
        guard spec.device != report.device else { return true }
        return EBSDeviceName(spec.device).map { $0 == EBSDeviceName(report.device) } ?? false
    }
}
