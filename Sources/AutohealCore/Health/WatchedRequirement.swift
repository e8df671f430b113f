/// What the looks at a required service, or at a required page, say together. Pure: time comes in with each look.
package struct WatchedRequirement: Hashable, Sendable {
    package private(set) var verdict: HealthVerdict = .waiting
    package private(set) var isMet = false
    /// A complete sentence.
    package private(set) var reason = "It has not been looked at yet."
    private let startLimit: Double
    private var hasBeenMet = false
    private var startingSince: Double?
    private var curableLooks = 0

    /// - Parameter startLimit: seconds that it may take from when the volumes are ready.
    package init(startLimit: Double) { self.startLimit = startLimit }

    /// Takes in what a look saw.
    ///
    /// - Parameters:
    ///   - isDue: whether all that it needs is there: the volumes, and for a page the services.
    ///   - now: seconds, not decreasing.
    /// - Returns: whether the verdict is another one now.
    package mutating func note(_ state: RequirementState, isDue: Bool, at now: Double) -> Bool {
        isMet = state == .met
        reason =
            switch state {
            case .met: "It is there."
            case .starting(let reason), .absent(let reason), .dead(let reason), .unknown(let reason): reason
            }
        if isMet { hasBeenMet = true }
        startingSince = isDue && !isMet ? startingSince ?? now : nil
        curableLooks = isDue && couldBeCured(state, now) ? min(curableLooks + 1, WatchedVolume.looksToAgree) : 0
        let before = verdict
        verdict = judged(state, isDue)
        return verdict != before
    }

    private func couldBeCured(_ state: RequirementState, _ now: Double) -> Bool {
        let isOverdue = startingSince.map { now - $0 > startLimit } ?? false
        return switch state {
        case .met, .unknown: false
        case .starting: isOverdue
        case .absent: hasBeenMet || isOverdue
        case .dead: true
        }
    }

    private func judged(_ state: RequirementState, _ isDue: Bool) -> HealthVerdict {
        if curableLooks >= WatchedVolume.looksToAgree { return .failed }
        switch state {
        case .met: return .healthy
        case .unknown: return .degraded
        case _ where !isDue: return hasBeenMet ? .degraded : .waiting
        case .starting: return .starting
        case .absent: return hasBeenMet ? .degraded : .starting
        case .dead: return .degraded
        }
    }
}
