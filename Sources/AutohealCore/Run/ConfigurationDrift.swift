import AutohealPlan
package import AutohealSpec

/// What has changed in the configuration since the last run.
package struct ConfigurationDrift: Hashable, Sendable {
    /// Volumes that are not mounted as the configuration says now, in complete sentences.
    package private(set) var missing: [String] = []
    /// Volumes that the last run knew of and has not mounted, in complete sentences; one that failed is in its report.
    package private(set) var pending: [String] = []
    /// What is mounted and would be done otherwise, or not at all.
    package private(set) var warnings: [String] = []
    /// Mount points that are no longer in the configuration.
    package private(set) var gone: Set<String> = []

    /// Where the wishes are written.
    package enum Source: Hashable, Sendable {
        case configurationFile
        case fstab

        fileprivate func advice(for mountPoint: String) -> String {
            switch self {
            case .configurationFile: "Apply it with 'systemctl restart autoheal-agent'."
            case .fstab: "Apply it with 'umount \(mountPoint)' and 'mount \(mountPoint)', or at the next boot."
            }
        }

        fileprivate var name: String {
            switch self {
            case .configurationFile: "the configuration"
            case .fstab: "fstab"
            }
        }
    }

    /// - Parameters:
    ///   - present: what the file says now.
    ///   - lastRun: what it said when the last run read it.
    ///   - reports: what the last run did.
    package init(
        present: [VolumeSpec],
        lastRun: [VolumeSpec],
        reports: [Report],
        source: Source = .configurationFile
    ) {
        for spec in present {
            let report = reports.first { $0.mountPoint == spec.mountPoint }
            let isMounted = report.map { $0.exitStatus == .ok && Self.isMounted(spec, $0) } ?? false
            switch (isMounted, lastRun.contains(spec)) {
            case (true, true): break
            case (true, false):
                warnings.append(
                    "The settings of \(spec.mountPoint) have changed since the last run. \(source.advice(for: spec.mountPoint))"
                )
            case (false, true):
                guard report == nil || report?.exitStatus == .ok else { break }
                pending.append(
                    "\(spec.device) is not at \(spec.mountPoint) yet: a run with this configuration has not ended."
                )
            // As before the first run for the configuration file: it may be just about to begin.
            case (false, false) where source == .fstab && report == nil:
                pending.append(Self.missing(spec, source))
            case (false, false):
                missing.append(
                    Self.missing(spec, source)
                )
            }
        }
        gone = Set(lastRun.map(\.mountPoint)).subtracting(present.map(\.mountPoint))
        for mountPoint in gone.sorted() {
            let advice =
                source == .fstab ? "'umount \(mountPoint)' ends it." : source.advice(for: mountPoint)
            warnings.append("\(mountPoint) is no longer in \(source.name). \(advice)")
        }
    }

    private static func missing(_ spec: VolumeSpec, _ source: Source) -> String {
        switch source {
        case .configurationFile:
            "The configuration has \(spec.device) at \(spec.mountPoint) only since the last run. "
                + source.advice(for: spec.mountPoint)
        case .fstab:
            "fstab has \(spec.volumeID?.description ?? spec.device) at \(spec.mountPoint), and it is not mounted as it says. "
                + "'systemctl daemon-reload' and 'mount \(spec.mountPoint)' do that, or the next boot."
        }
    }

    /// Of two sources.
    package func joined(_ other: ConfigurationDrift) -> ConfigurationDrift {
        var all = self
        all.missing += other.missing
        all.pending += other.pending
        all.warnings += other.warnings
        all.gone.formUnion(other.gone)
        return all
    }

    /// Whether the last run mounted this volume there, and as writable as is wished now.
    private static func isMounted(_ spec: VolumeSpec, _ report: Report) -> Bool {
        guard spec.options.isReadOnly == report.wantsReadOnly else { return false }
        if let id = spec.volumeID, let found = report.volumeID { return id.description == found }
        guard spec.device != report.device else { return true }
        return EBSDeviceName(spec.device).map { $0 == EBSDeviceName(report.device) } ?? false
    }
}
