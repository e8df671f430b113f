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
    private var curableSince: Double?
    private var lastAnswer: Int?

    /// - Parameter startLimit: seconds that it may take from when the volumes are ready.
    package init(startLimit: Double) { self.startLimit = startLimit }

    /// Takes in what a look saw.
    ///
    /// - Parameters:
    ///   - answer: which answer it is: the same one, seen again, agrees with nothing.
    ///   - isDue: whether all that it needs is there: the volumes, and for a page the services.
    ///   - now: seconds, not decreasing.
    /// - Returns: whether the verdict is another one now.
    package mutating func note(_ state: RequirementState, answer: Int, isDue: Bool, at now: Double) -> Bool {
        isMet = state == .met
        reason =
            switch state {
            case .met: "It is there."
            case .starting(let reason), .absent(let reason), .dead(let reason), .unknown(let reason): reason
            }
        if isMet { hasBeenMet = true }
        startingSince = isDue && !isMet ? startingSince ?? now : nil
        if !isDue || !couldBeCured(state, now) {
            (curableLooks, curableSince) = (0, nil)
        } else if answer != lastAnswer {
            curableLooks = min(curableLooks + 1, WatchedVolume.looksToAgree)
            curableSince = curableSince ?? now
        }
        lastAnswer = answer
        let before = verdict
        verdict = judged(state, isDue, now)
        return verdict != before
    }

    /// Takes it for one that has never been there, which is given its time to start.
    package mutating func forget() { hasBeenMet = false }

    private func couldBeCured(_ state: RequirementState, _ now: Double) -> Bool {
        let isOverdue = startingSince.map { now - $0 > startLimit } ?? false
        return switch state {
        case .met, .unknown: false
        case .starting: isOverdue
        case .absent: hasBeenMet || isOverdue
        case .dead: true
        }
    }

    private func judged(_ state: RequirementState, _ isDue: Bool, _ now: Double) -> HealthVerdict {
        let hasLasted = curableSince.map { now - $0 >= WatchedVolume.secondsToAgree } ?? false
        if curableLooks >= WatchedVolume.looksToAgree, hasLasted { return .failed }
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

/// How something goes that has to run beside the volumes, by one look; with a complete sentence where it does not.
package enum RequirementState: Hashable, Sendable {
    /// It is active, it answers.
    case met
    /// It is on its way.
    case starting(String)
    /// It is not there, which may be too early to hold against it.
    case absent(String)
    /// It has ended for good, or will not start.
    case dead(String)
    /// It cannot be seen, or there is no such thing: a new instance would not help.
    case unknown(String)
}
