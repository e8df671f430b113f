package import AutohealHealth
package import AutohealHost
import AutohealPlan
package import AutohealRun
import AutohealSpec
import Glibc
package import Logging
import Synchronization
import SystemPackage

/// Looks at the volumes again and again, says what changes, and keeps what it knows for who asks. It changes nothing.
package final class Watcher: Sendable {
    package struct Settings: Sendable {
        /// Mount points that a volume is expected at, besides those that a run has reported.
        package var mountPoints: [String] = []
        /// Those that are not expected any more, whatever a run has reported.
        package var dropped: Set<String> = []
        /// Those whose file systems grow with their devices.
        package var growing: Set<String> = []
        /// From look to look; the kernel's events come in between.
        package var interval: Duration = .seconds(10)
        package var startLimit: Duration = .seconds(3600)
        package var thresholds = HealthThresholds()

        package init() {}
    }

    package enum End: Hashable, Sendable {
        case signal
        /// The file that the settings come from is another one now.
        case settingsChanged
    }

    private let settings: Settings
    private let runtimeDirectory: RuntimeDirectory
    private let requirements: RequirementWatch
    private let requests: Requests?
    private let signals: TerminationSignals
    private let manager: ServiceManager
    private let logger: Logger
    private let latest = Mutex(HealthSnapshot())

    /// So long after an event nothing is looked at again, however many more come.
    private static let pauseAfterEvent: Duration = .milliseconds(500)

    /// - Parameter requests: nil if nobody is asked for anything.
    package init(
        _ settings: Settings,
        runtimeDirectory: RuntimeDirectory,
        requirements: RequirementWatch,
        requests: Requests?,
        signals: TerminationSignals,
        environment: [String: String],
        logger: Logger
    ) {
        self.settings = settings
        self.runtimeDirectory = runtimeDirectory
        self.requirements = requirements
        self.requests = requests
        self.signals = signals
        manager = ServiceManager(environment: environment)
        self.logger = logger
    }

    package var snapshot: HealthSnapshot { latest.withLock { $0 } }

    /// Returns when a signal asks it to, or when `settingsHaveChanged` says so, which is asked after each look.
    package func run(until settingsHaveChanged: () -> Bool = { false }) throws(HostError) -> End {
        let events = try WatchEvents(signals: signals)
        var volumes = VolumeLooks(settings, runtimeDirectory)
        var growth = GrowthRequest()
        let clock = ContinuousClock()
        let start = clock.now
        var isReady = false
        while true {
            let now = (clock.now - start) / .seconds(1)
            let found = try volumes.look(events, now: now)
            for found in found { if let change = found.change { say(change, found.volume.mountPoint, found.report) } }
            var snapshot = noteRequirements(HealthSnapshot(volumes: found.map(\.volume)), now)
            snapshot.looks = self.snapshot.looks + 1
            latest.withLock { [snapshot] in $0 = snapshot }
            if let requests, growth.isDue(smaller(found), at: now) { ask(for: .grow, requests) }
            manager.notify(isReady: !isReady, status: snapshot.summary)
            isReady = true
            if settingsHaveChanged() { return .settingsChanged }
            guard wait(events) != .signal else {
                manager.notifyStopping()
                return .signal
            }
        }
    }

    /// Until the next look; the service manager hears of it in between.
    private func wait(_ events: borrowing WatchEvents) -> WatchEvents.Reason {
        let clock = ContinuousClock()
        // Who waits for a release is not kept waiting.
        let isReleasing = snapshot.volumes.contains { $0.state.verdict == .releasing }
        let end = clock.now + (isReleasing ? min(settings.interval, .seconds(1)) : settings.interval)
        while true {
            let left = max(.zero, end - clock.now)
            switch events.wait(atMost: min(left, manager.silence ?? left)) {
            case .signal: return .signal
            case .event: return events.pause(Self.pauseAfterEvent)
            case .time:
                guard clock.now < end else { return .time }
                manager.notifyAlive()
            }
        }
    }

    /// A service needs its volumes, and a page its services.
    private func noteRequirements(_ volumes: HealthSnapshot, _ now: Double) -> HealthSnapshot {
        var snapshot = volumes
        let before = self.snapshot.requirements
        let answer = requirements.number
        // What needs the volumes was stopped with them, and is begun again with them.
        let isHandedOver = runtimeDirectory.handOver != nil
        func note(_ kind: HealthSnapshot.Requirement.Kind, _ name: String, _ state: RequirementState?, _ isDue: Bool) {
            var requirement =
                before.first { $0.kind == kind && $0.name == name }
                ?? HealthSnapshot.Requirement(
                    kind: kind,
                    name: name,
                    state: WatchedRequirement(startLimit: settings.startLimit / .seconds(1))
                )
            if isHandedOver { requirement.state.forget() }
            if let state, requirement.state.note(state, answer: answer, isDue: isDue, at: now) { say(requirement) }
            snapshot.requirements.append(requirement)
        }
        for service in requirements.services {
            note(.service, service, requirements.state(of: service), snapshot.volumesAreReady && !isHandedOver)
        }
        if let page = requirements.page {
            note(.page, "\(page)", requirements.pageState, snapshot.isReady && !isHandedOver)
        }
        return snapshot
    }

    private func smaller(_ found: [VolumeLooks.Found]) -> [String: UInt64] {
        var smaller: [String: UInt64] = [:]
        for volume in found.map(\.volume) where settings.growing.contains(volume.mountPoint) {
            for case .smallerThanDevice(_, let size) in volume.state.faults { smaller[volume.mountPoint] = size }
        }
        return smaller
    }

    private func ask(for kind: Requests.Kind, _ requests: Requests) {
        do throws(Errno) {
            try requests.ask(for: kind)
            logger.notice("A device is larger than its file system: growth is asked for")
        } catch {
            logger.error("Growth cannot be asked for: \(error)")
        }
    }

    private func say(_ requirement: HealthSnapshot.Requirement) {
        let state = requirement.state
        let message =
            state.verdict == .failed
            ? "Another look agrees, and a new instance could cure it: \(requirement.name): \(state.reason)"
            : "\(requirement.name) is \(state.verdict.rawValue): \(state.reason)"
        logger.log(
            level: level(state.verdict, isUsable: state.isMet),
            "\(message)",
            metadata: ["health.requirement": "\(requirement.name)", "health.state": "\(state.verdict.rawValue)"]
        )
    }

    private func say(_ change: WatchedVolume.Change, _ mountPoint: String, _ report: Report?) {
        var metadata: Logger.Metadata = [
            "volume.mount_point": "\(mountPoint)", "health.state": "\(change.verdict.rawValue)",
        ]
        if let report { metadata["volume.device"] = "\(report.device)" }
        if !change.faults.isEmpty {
            metadata["health.faults"] = "\(change.faults.map(\.name).joined(separator: ","))"
            metadata["health.cured_by_replacement"] = "\(change.faults.contains(where: \.isCuredByReplacement))"
        }
        let advice = change.faults.first.map { " \($0.advice)" } ?? ""
        let message =
            switch change.verdict {
            case .failed: "Another look agrees, and a new instance could cure it: \(change.reason)\(advice)"
            // It says so itself.
            case .released: change.reason
            default: "The volume is \(change.verdict.rawValue): \(change.reason)\(advice)"
            }
        let isUsable = change.faults.allSatisfy { $0.status == .ok }
        logger.log(level: level(change.verdict, isUsable: isUsable), "\(message)", metadata: metadata)
    }

    private func level(_ verdict: HealthVerdict, isUsable: Bool) -> Logger.Level {
        switch verdict {
        case .failed: .error
        case .degraded: isUsable ? .warning : .error
        case .healthy, .waiting, .starting, .releasing, .released: .notice
        }
    }
}
