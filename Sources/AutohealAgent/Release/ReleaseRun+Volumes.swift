import AutohealHost
import AutohealRun
import AutohealSpec
import AutohealState
import FoundationEssentials

/// A mount point that may have to be freed, with what is known of it.
struct ReleaseCandidate {
    let mountPoint: String
    /// Of the last run there.
    var report: Report?
    /// What is configured.
    var spec: VolumeSpec?

    /// Whether a person means this volume by its mount point or its id.
    func isCalled(_ name: String) -> Bool {
        if name.hasPrefix("/") {
            let path = "/" + name.split(separator: "/").joined(separator: "/")
            return mountPoint == path || mountPoint == canonicalMountPoint(path)
        }
        guard let id = VolumeID(name) else { return false }
        return report?.volumeID == "\(id)" || spec?.volumeID == id
    }
}

extension ReleaseRun {
    /// The mount points that may have to be freed: all, or the one that a person names.
    func candidates(_ name: String?) -> [ReleaseCandidate] {
        let former = runtimeDirectory.formerReports()
            .filter { release(of: $0)?.isMounted == true }
        var candidates: [String: ReleaseCandidate] = [:]
        for report in former + runtimeDirectory.reports() {
            candidates[report.mountPoint] = ReleaseCandidate(mountPoint: report.mountPoint, report: report)
        }
        for spec in specs {
            candidates[spec.mountPoint, default: ReleaseCandidate(mountPoint: spec.mountPoint)].spec = spec
        }
        return candidates.values.filter { candidate in name.map { candidate.isCalled($0) } ?? true }
            .sorted { $0.mountPoint < $1.mountPoint }
    }

    /// What is, or was, mounted there.
    func volumes(_ name: String?) async -> [ReleasedVolume] {
        var volumes: [ReleasedVolume] = []
        for candidate in candidates(name) {
            if let report = candidate.report, release(of: report) != nil {
                volumes.append(ReleasedVolume(report: report))
            } else if let spec = candidate.spec, let volume = await unreported(spec) {
                volumes.append(volume)
            }
        }
        return volumes
    }

    /// The volume of a configuration that is mounted, although no run could leave a report of it.
    private func unreported(_ spec: VolumeSpec) async -> ReleasedVolume? {
        var once = spec
        once.tries = 1
        once.interval = .zero
        guard let device = try? await host.waitForDevice(once, logger: logger) else { return nil }
        let state = VolumeState(
            device: DeviceState(
                node: device.node,
                number: device.number,
                size: device.size,
                volumeID: device.identity.volumeID,
                content: nil
            ),
            mountPoint: .absent
        )
        let report = Report(
            spec: spec,
            outcome: .unchanged(state, warnings: []),
            boot: BootID.current(),
            time: Date().timeIntervalSince1970,
            duration: 0
        )
        return release(of: report)?.isMounted == true ? ReleasedVolume(report: report) : nil
    }

    /// Nil for the report of a run that has not mounted anything.
    func release(of report: Report) -> VolumeRelease? { VolumeRelease(report, runtimeDirectory: runtimeDirectory) }
}
