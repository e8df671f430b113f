import AutohealPlan
package import AutohealSpec

/// What one look saw of the volumes and of the unit that mounts them. Pure.
package struct OutcomeEvidence: Hashable, Sendable {
    /// The agent's unit; nil where no service manager tells of one.
    package var unit: Unit?
    /// Those that are configured.
    package var volumes: [Volume]
    /// Whether the configuration is this instance's, and can be read, all of it.
    package var isConfigurationRight: Bool
    /// Whether a volume is still mounted that is configured no more.
    package var isAnotherMounted: Bool
    package var handOver: HandOver?

    package init(
        unit: Unit? = nil,
        volumes: [Volume],
        isConfigurationRight: Bool = true,
        isAnotherMounted: Bool = false,
        handOver: HandOver? = nil
    ) {
        self.unit = unit
        self.volumes = volumes
        self.isConfigurationRight = isConfigurationRight
        self.isAnotherMounted = isAnotherMounted
        self.handOver = handOver
    }

    package struct Unit: Hashable, Sendable {
        package enum State: Hashable, Sendable {
            case inactive
            /// It works, or waits for its next try.
            case atWork
            case active
            /// There will be no other try.
            case failed
        }

        package var state: State
        /// How its last run ended: its exit status, and 128 and the number of a signal that ended it.
        package var exit: Int32
        /// Whether that was because somebody had asked it to end.
        package var wasAskedToEnd: Bool

        package init(_ state: State, exit: Int32 = 0, wasAskedToEnd: Bool = false) {
            self.state = state
            self.exit = exit
            self.wasAskedToEnd = wasAskedToEnd
        }
    }

    package struct Volume: Hashable, Sendable {
        package var id: VolumeID?
        /// Whether it is mounted now as the configuration says, by a run of this boot, and can be used.
        package var isMounted: Bool
        /// Whether nothing at all is mounted at its mount point.
        package var isUnmounted: Bool
        /// Whether the last writes did not reach it.
        package var hasLostWrites: Bool
        /// Whether a run or a mount(8) is at work with it.
        package var isBeingMounted: Bool
        /// Whether its mount of fstab(5) was tried, and failed.
        package var hasFailedMount: Bool
        /// What the last run of this boot left, if it failed.
        package var failure: Failure?

        package init(
            id: VolumeID? = nil,
            isMounted: Bool = false,
            isUnmounted: Bool = false,
            hasLostWrites: Bool = false,
            isBeingMounted: Bool = false,
            hasFailedMount: Bool = false,
            failure: Failure? = nil
        ) {
            self.id = id
            self.isMounted = isMounted
            self.isUnmounted = isUnmounted
            self.hasLostWrites = hasLostWrites
            self.isBeingMounted = isBeingMounted
            self.hasFailedMount = hasFailedMount
            self.failure = failure
        }
    }

    package struct Failure: Hashable, Sendable {
        package var exit: Int32
        package var cause: String?

        package init(exit: Int32, cause: String?) {
            self.exit = exit
            self.cause = cause
        }
    }
}

/// What can be said of the evidence.
package enum OutcomeVerdict: Hashable, Sendable {
    /// Nobody is about to change it.
    case final(ConsoleOutcome.Ending)
    /// Something is at work: what, in words.
    case pending(String)
    /// There is nothing to say: why, in words.
    case none(String)

    package init(_ evidence: OutcomeEvidence) {
        if let handOver = evidence.handOver {
            self = Self.release(handOver, evidence)
            return
        }
        guard !evidence.volumes.isEmpty || !evidence.isConfigurationRight else {
            self = .none("no volume is configured")
            return
        }
        let unit = evidence.unit
        guard unit?.state != .atWork else {
            self = .pending("the agent's unit is at work, or waits for its next try")
            return
        }
        guard !evidence.volumes.contains(where: \.isBeingMounted) else {
            self = .pending("a run is at work with a volume")
            return
        }
        if evidence.isConfigurationRight, evidence.volumes.allSatisfy(\.isMounted) {
            self = .final(ConsoleOutcome.Ending(.mounted))
            return
        }
        if let unit, unit.state == .failed {
            self =
                unit.wasAskedToEnd
                ? .none("the agent was asked to end") : .final(Self.failure(unit.exit, evidence.volumes))
            return
        }
        // Where the agent's unit is disabled, the mounts of fstab(5) stand for themselves.
        let failed = evidence.volumes.filter(\.hasFailedMount)
        if unit?.state == .inactive, !failed.isEmpty {
            let exit = failed.compactMap(\.failure?.exit).first ?? ExitStatus.osError.rawValue
            self = .final(Self.failure(exit, failed))
            return
        }
        self = .none("not every volume is mounted as it is configured, and no unit has failed for good")
    }

    private static func release(_ handOver: HandOver, _ evidence: OutcomeEvidence) -> OutcomeVerdict {
        guard handOver.isDone else { return .pending("a release is at work, or was not done to its end") }
        guard evidence.volumes.allSatisfy(\.isUnmounted), !evidence.isAnotherMounted else {
            return .none("not every volume was released")
        }
        guard !evidence.volumes.contains(where: \.hasLostWrites) else {
            return .none("what was written last did not reach a volume, so that nobody is told that it is clean")
        }
        return .final(ConsoleOutcome.Ending(.released))
    }

    private static func failure(_ exit: Int32, _ volumes: [OutcomeEvidence.Volume]) -> ConsoleOutcome.Ending {
        // A success would not have come here.
        let exit = exit == 0 ? ExitStatus.software.rawValue : exit
        let cause = volumes.compactMap(\.failure).first { $0.exit == exit }?.cause
        let name =
            exit > 128
            ? "killed" : exit == ExitStatus.configuration.rawValue ? "configuration" : ExitStatus(rawValue: exit)?.name
        return ConsoleOutcome.Ending(failed: exit, reason: cause ?? name)
    }
}
