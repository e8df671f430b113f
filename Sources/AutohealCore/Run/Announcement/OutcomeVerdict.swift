import AutohealPlan
import AutohealSpec

/// What can be said of the evidence. Pure.
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
        let unit = evidence.unit
        guard unit?.state != .atWork else {
            self = .pending("the agent's unit is at work, or waits for its next try")
            return
        }
        guard !evidence.volumes.isEmpty || !evidence.isConfigurationRight else {
            self = .none("no volume is configured")
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
        // Of several, one may have been taken back.
        guard !evidence.volumes.contains(where: \.isBeingMounted) else {
            return .pending("a run is at work with a volume")
        }
        guard evidence.volumes.allSatisfy(\.isUnmounted), !evidence.isAnotherMounted else {
            return .none("not every volume was released")
        }
        guard !evidence.volumes.contains(where: \.hasLostWrites) else {
            return .none("what was written last did not reach a volume, so that nobody is told that it is clean")
        }
        // What a person has released, a person may mount again, and nobody says so.
        return .final(ConsoleOutcome.Ending(.released, reason: handOver.ending?.rawValue))
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
