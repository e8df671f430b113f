package import AutohealPlan
import AutohealSpec
package import AutohealState

/// How a run ended.
package enum Outcome: Hashable, Sendable {
    /// Everything was as wished.
    case unchanged(VolumeState, warnings: [String])
    /// The steps that were carried out; what failed and could be done without is a warning.
    case changed(Heal, VolumeState, warnings: [String])
    /// Nothing was done: this is what would be.
    case planned(Plan, VolumeState)
    case stopped(VolumeError)
    /// The steps were carried out, and the machine still is not as wished.
    case notConverged(Plan, VolumeState)

    package var exitStatus: ExitStatus {
        switch self {
        case .unchanged, .changed, .planned: .ok
        case .stopped(.refused(let refusal)): refusal.exitStatus
        case .stopped(.failed(let error)), .stopped(.skipped(let error)): error.exitStatus
        case .stopped(.misconfigured): .configuration
        case .stopped(.interrupted), .stopped(.superseded): .temporaryFailure
        case .notConverged: .software
        }
    }

    /// One word for logs and reports.
    package var name: String {
        switch self {
        case .unchanged: "unchanged"
        case .changed: "changed"
        case .planned: "planned"
        case .stopped(.refused): "refused"
        case .stopped(.failed), .stopped(.skipped), .stopped(.superseded): "failed"
        case .stopped(.misconfigured): "misconfigured"
        case .stopped(.interrupted): "interrupted"
        case .notConverged: "not-converged"
        }
    }

    /// Why it failed, in one word for programs; nil if it did not.
    package var cause: String? {
        switch self {
        case .unchanged, .changed, .planned: nil
        case .stopped(.refused(let refusal)): refusal.slug
        case .stopped(.failed(let error)), .stopped(.skipped(let error)): ConsoleOutcome.slug(error.operation)
        case .stopped(.misconfigured): "configuration"
        case .stopped(.superseded): "superseded"
        case .stopped(.interrupted): "interrupted"
        case .notConverged: "not-converged"
        }
    }

    package var state: VolumeState? {
        switch self {
        case .unchanged(let state, _), .changed(_, let state, _), .planned(_, let state), .notConverged(_, let state):
            state
        case .stopped: nil
        }
    }

    /// What could be done without, in complete sentences.
    package var warnings: [String] {
        switch self {
        case .unchanged(_, let warnings), .changed(_, _, let warnings): warnings
        default: []
        }
    }

    /// Why, in complete sentences on one line.
    package var reason: String { words.printable }

    private var words: String {
        switch self {
        case .unchanged: "The volume is mounted; there was nothing to do."
        case .changed(let heal, _, _): "The volume is mounted after \(Self.list(heal.steps.map(\.step)))."
        case .planned(let plan, _):
            plan.isEmpty ? "There is nothing to do." : "To do: \(Self.list(plan.steps)). Nothing was changed."
        case .stopped(.refused(let refusal)): "\(refusal.reason) \(refusal.advice)"
        case .stopped(.failed(let error)), .stopped(.skipped(let error)): error.reason
        case .stopped(.superseded(let what)):
            "Something else keeps changing the volume: \(what) Find out what it is (fstab, another agent), then try again."
        case .stopped(.misconfigured(let error)): "\(error)"
        case .stopped(.interrupted(let signal)): "Signal \(signal) asked to stop; the next run goes on from here."
        case .notConverged(let plan, _): "Still to do after all steps: \(Self.list(plan.steps))."
        }
    }

    /// The same of a run that waited before it did anything.
    func after(waiting time: Duration) -> Outcome {
        guard case .changed(var heal, let state, let warnings) = self else { return self }
        heal.waited = time
        return .changed(heal, state, warnings: warnings)
    }

    /// The same of a run that was to grow file systems and nothing else.
    package var growth: String {
        switch self {
        case .unchanged(_, let warnings) where warnings.isEmpty: "There is nothing to grow."
        case .changed: "The file system has grown, and fills its device."
        case .unchanged(_, let warnings): warnings.joined(separator: " ")
        default: reason
        }
    }

    private static func list(_ steps: [Step]) -> String {
        steps.map(\.name).joined(separator: ", ")
    }
}
