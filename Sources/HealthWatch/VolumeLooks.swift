import AutohealCore
import AutohealHost

/// The volumes that are watched, each with the thread that looks at it.
struct VolumeLooks {
    private let settings: Watcher.Settings
    private let runtimeDirectory: RuntimeDirectory
    private var volumes: [String: Volume] = [:]

    struct Found {
        let volume: HealthSnapshot.Volume
        let change: WatchedVolume.Change?
        let report: Report?
    }

    private struct Volume {
        var state: WatchedVolume
        var looker: Looker?
        /// What the looker looks at.
        var target: Target?

        struct Target: Hashable {
            let number: DeviceNumber
            let node: String?
        }
    }

    init(_ settings: Watcher.Settings, _ runtimeDirectory: RuntimeDirectory) {
        self.settings = settings
        self.runtimeDirectory = runtimeDirectory
    }

    /// Looks at every volume at once; one that hangs is not waited for longer than a read may take.
    mutating func look(_ events: borrowing WatchEvents, now: Double) throws(HostError) -> [Found] {
        let reports = runtimeDirectory.reports()
        let handedOver = Set(runtimeDirectory.handOver?.mountPoints ?? [])
        let mountPoints = settings.mountPoints + reports.map(\.mountPoint).filter { !settings.mountPoints.contains($0) }
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
                report.flatMap { released($0, isOnItsWay: handedOver.contains(mountPoint)) }
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

    private mutating func begin(
        _ mountPoint: String,
        _ report: Report?,
        _ events: borrowing WatchEvents
    ) throws(HostError) {
        var volume =
            volumes[mountPoint] ?? Volume(state: WatchedVolume(startLimit: settings.startLimit / .seconds(1)))
        if let report, report.exitStatus == .ok, let number = report.number, !isReleased(report) {
            let target = Volume.Target(number: number, node: report.node)
            if target != volume.target {
                volume.looker = try Looker(answered: events.answered) {
                    HealthInspector(reading: .here).look(at: mountPoint, device: number, node: report.node)
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
    private func released(_ report: Report, isOnItsWay: Bool) -> VolumePhase? {
        if isReleased(report) { return .released(reason: report.reason) }
        return isOnItsWay && report.number != nil ? .releasing : nil
    }

    private func isReleased(_ report: Report) -> Bool {
        report.isReleased && VolumeRelease(report, runtimeDirectory: runtimeDirectory)?.isMounted != true
    }

    private func phase(_ mountPoint: String, _ report: Report?, _ observation: VolumeObservation?) -> VolumePhase {
        if let report, let number = report.number, let observation {
            let health = VolumeHealth(
                of: observation,
                device: number,
                isReadOnlyWished: report.wantsReadOnly,
                errorsAtMount: report.errorsAtMount,
                thresholds: settings.thresholds
            )
            guard health.faults.contains(.notMounted), runtimeDirectory.isLocked(mountPoint) else {
                return .mounted(health)
            }
            return .starting
        }
        if runtimeDirectory.isLocked(mountPoint) { return .starting }
        return report.map { .stopped($0.exitStatus, reason: $0.reason) } ?? .waiting
    }
}
