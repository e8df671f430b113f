import AutohealPlan

/// What the looks at one volume say together. Pure: time comes in with each look.
package struct WatchedVolume: Hashable, Sendable {
    package private(set) var phase: VolumePhase = .waiting
    /// Seconds on any clock that only goes forward, as ``note(_:at:)`` was given them; nil before the first look.
    package private(set) var verdictSince: Double?
    private let startLimit: Double
    private var hasArrived = false
    private var startingSince: Double?
    /// What was seen before the run that is at work began, and since when it has been seen again.
    private var beforeRun: VolumePhase?
    private var seenAgainSince: Double?
    private var curableLooks = 0
    private var curableSince: Double?
    private var said = Said(verdict: .waiting, faults: [])

    /// Looks that must agree before a volume is said to have failed: who hears it may replace the instance.
    static let looksToAgree = 2
    /// Seconds between the first of them and the last: the kernel's events have it looked at twice a second, and what is over
    /// by then was no reason.
    static let secondsToAgree = 3.0

    private struct Said: Hashable, Sendable {
        let verdict: HealthVerdict
        let faults: [String]
    }

    /// What is to be logged.
    package struct Change: Hashable, Sendable {
        package let verdict: HealthVerdict
        package let faults: [VolumeFault]
        /// A complete sentence.
        package let reason: String
    }

    /// - Parameter startLimit: seconds that a check or a format may take before a volume that is starting has failed.
    package init(startLimit: Double = 3600) { self.startLimit = startLimit }

    package var faults: [VolumeFault] {
        switch phase {
        case .mounted(let health), .stopped(_, _, let health?): health.faults
        default: []
        }
    }

    /// Whether it is mounted and can be used now, as it was wished.
    package var isReady: Bool {
        switch phase {
        case .mounted(let health): health.status == .ok
        case .stopped(let status, _, let health?): status.mayPass && health.status == .ok
        default: false
        }
    }

    package private(set) var verdict: HealthVerdict = .waiting

    /// Takes in what a look saw.
    ///
    /// - Parameter now: seconds, not decreasing.
    /// - Returns: what has changed since it was last said.
    package mutating func note(_ phase: VolumePhase, at now: Double) -> Change? {
        let phase = afterRun(phase, at: now)
        self.phase = phase
        startingSince = phase == .starting ? startingSince ?? now : nil
        if case .mounted = phase { hasArrived = true }
        let isCurable = couldBeCured(at: now)
        curableLooks = isCurable ? min(curableLooks + 1, Self.looksToAgree) : 0
        curableSince = isCurable ? curableSince ?? now : nil
        let verdict = judged(at: now)
        if verdict != self.verdict || verdictSince == nil { verdictSince = now }
        self.verdict = verdict
        let saying = Said(verdict: verdict, faults: faults.map(\.name))
        guard saying != said else { return nil }
        said = saying
        return Change(verdict: verdict, faults: faults, reason: reason)
    }

    package var reason: String {
        switch phase {
        case .waiting: "The volume has not arrived yet."
        case .starting: "The volume is being checked, formatted or mounted."
        case .stopped(_, let reason, _), .released(let reason): reason
        case .releasing: "What uses the volume is stopped, so that it can be unmounted."
        case .mounted(let health):
            health.faults.first?.reason
                ?? (health.state == .unknown
                    ? "It cannot be seen whether the volume is mounted." : "The volume is mounted.")
        }
    }

    /// A run lets go of its volume a moment before its report is there: what was seen before it began is old, unless it lasts.
    private mutating func afterRun(_ seen: VolumePhase, at now: Double) -> VolumePhase {
        if seen == .starting, phase != .starting { beforeRun = phase }
        guard phase == .starting, seen == beforeRun, seen.saysOfNoMount else {
            if seen != .starting { beforeRun = nil }
            seenAgainSince = nil
            return seen
        }
        let since = seenAgainSince ?? now
        seenAgainSince = since
        guard now - since < Self.secondsToAgree else {
            (beforeRun, seenAgainSince) = (nil, nil)
            return seen
        }
        return .starting
    }

    private func judged(at now: Double) -> HealthVerdict {
        let hasLasted = curableSince.map { now - $0 >= Self.secondsToAgree } ?? false
        if curableLooks >= Self.looksToAgree, hasLasted { return .failed }
        switch phase {
        case .waiting: return hasArrived ? .degraded : .waiting
        case .starting: return .starting
        // Until it has been there once, it is only late.
        case .stopped(let status, _, _): return Self.isLate(status) && !hasArrived ? .waiting : .degraded
        case .mounted(let health): return health.state == .healthy ? .healthy : .degraded
        case .releasing: return .releasing
        case .released: return .released
        }
    }

    private func couldBeCured(at now: Double) -> Bool {
        switch phase {
        case .waiting: hasArrived
        case .starting: startingSince.map { now - $0 > startLimit } ?? false
        case .stopped(let status, _, nil): status == .ioError || Self.isLate(status) && hasArrived
        case .mounted(let health), .stopped(_, _, let health?):
            health.faults.contains { $0.status != .ok && $0.isCuredByReplacement }
        case .releasing, .released: false
        }
    }

    private static func isLate(_ status: ExitStatus) -> Bool { status == .noInput || status == .temporaryFailure }
}
