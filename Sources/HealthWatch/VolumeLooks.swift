import AutohealHealth
import AutohealHost
import AutohealPlan
import AutohealRun

/// The volumes that are watched, each with the thread that looks at it.
struct VolumeLooks {
    private let settings: Watcher.Settings
    private let runtimeDirectory: RuntimeDirectory
    private var volumes: [String: Volume] = [:]
    /// As they were when they could be read last.
    private var reports: [Report] = []

    struct Found {
        let volume: HealthSnapshot.Volume
        let change: WatchedVolume.Change?
        let report: Report?
    }

    private struct Volume {
        var state: WatchedVolume
        var looker: Looker?
        /// What the looker looks at.
        var target: MountedVolume?
    }

    init(_ settings: Watcher.Settings, _ runtimeDirectory: RuntimeDirectory) {
        self.settings = settings
        self.runtimeDirectory = runtimeDirectory
    }

    /// Looks at every volume at once; one that hangs is not waited for longer than a read may take.
    mutating func look(_ events: borrowing WatchEvents, now: Double) throws(HostError) -> [Found] {
        readReports()
        let reports = reports
        let handedOver = Set(runtimeDirectory.handOver?.mountPoints ?? [])
        let isReleasing = !handedOver.isEmpty && runtimeDirectory.isReleasing
        let mountPoints =
            settings.mountPoints
            + reports.map(\.mountPoint).filter { !settings.mountPoints.contains($0) && !settings.dropped.contains($0) }
        for mountPoint in mountPoints {
            try begin(mountPoint, reports.first { $0.mountPoint == mountPoint }, events)
        }
        events.waitForLooks(atMost: settings.thresholds.readLimit) {
            mountPoints.contains { volumes[$0]?.looker?.isLooking == true }
        }
        return mountPoints.compactMap { mountPoint in
            guard var volume = volumes[mountPoint] else { return nil }
            let report = reports.first { $0.mountPoint == mountPoint }
            let observation = volume.looker?.observation
            let phase =
                report.flatMap { report in
                    released(report, isOnItsWay: handedOver.contains(mountPoint), isReleasing: isReleasing)
                }
                ?? phase(mountPoint, report, observation)
            let change = volume.state.note(phase, at: now)
            volumes[mountPoint] = volume
            return Found(
                volume: HealthSnapshot.Volume(
                    mountPoint: mountPoint,
                    state: volume.state,
                    observation: observation,
                    heal: report?.heal
                ),
                change: change,
                report: report
            )
        }
    }

    /// What cannot be read, or is not there for a moment, says nothing: a volume that was there is not missed for it.
    private mutating func readReports() {
        guard let present = try? runtimeDirectory.reportsOrError() else { return }
        let missing = reports.filter { report in
            settings.mountPoints.contains(report.mountPoint)
                && !present.contains { $0.mountPoint == report.mountPoint }
        }
        reports = present + missing
    }

    private mutating func begin(
        _ mountPoint: String,
        _ report: Report?,
        _ events: borrowing WatchEvents
    ) throws(HostError) {
        var volume =
            volumes[mountPoint] ?? Volume(state: WatchedVolume(startLimit: settings.startLimit / .seconds(1)))
        if let report, let target = MountedVolume(report, runtimeDirectory: runtimeDirectory) {
            if target != volume.target {
                volume.looker = try Looker(answered: events.answered) {
                    HealthInspector(reading: .here).look(at: mountPoint, device: target.number, node: target.node)
                }
                volume.target = target
            }
            volume.looker?.begin()
        } else {
            volume.looker = nil
            volume.target = nil
        }
        volumes[mountPoint] = volume
    }

    /// Nil unless the volume is being released, or was and is not mounted again.
    private func released(_ report: Report, isOnItsWay: Bool, isReleasing: Bool) -> VolumePhase? {
        if isReleased(report) { return .released(reason: report.reason) }
        guard isOnItsWay, let volume = VolumeRelease(report, runtimeDirectory: runtimeDirectory) else { return nil }
        // A release that was cut short leaves what is mounted as it is.
        return isReleasing || !volume.isMounted ? .releasing : nil
    }

    private func isReleased(_ report: Report) -> Bool {
        report.isReleased && VolumeRelease(report, runtimeDirectory: runtimeDirectory)?.isMounted != true
    }

    private func phase(_ mountPoint: String, _ report: Report?, _ observation: VolumeObservation?) -> VolumePhase {
        if let report, let target = volumes[mountPoint]?.target, let observation {
            let health = VolumeHealth(
                of: observation,
                device: target.number,
                isReadOnlyWished: report.wantsReadOnly,
                errorsAtMount: report.errorsAtMount,
                thresholds: settings.thresholds
            )
            guard health.faults.contains(.notMounted), runtimeDirectory.isLocked(mountPoint) else {
                return report.exitStatus == .ok
                    ? .mounted(health) : .stopped(report.exitStatus, reason: report.reason, mounted: health)
            }
            return .starting
        }
        if runtimeDirectory.isLocked(mountPoint) { return .starting }
        return report.map { .stopped($0.exitStatus, reason: $0.reason, mounted: nil) } ?? .waiting
    }
}
