package import AutohealRun
import Glibc

/// What systemd, and what the agent notes for it, say of autoheal-agent.service.
package struct AgentUnit: Sendable {
    package static let name = "autoheal-agent.service"
    /// What writes on the console how the unit, or a run beside it, ended.
    package static let announcer = "autoheal-outcome.service"

    private let units: UnitManager
    private let runtimeDirectory: RuntimeDirectory

    package init(_ runtimeDirectory: RuntimeDirectory, units: UnitManager = UnitManager()) {
        self.runtimeDirectory = runtimeDirectory
        self.units = units
    }

    /// Whether there is one, and the reports are its.
    package var isOurs: Bool { units.isRunning && runtimeDirectory.path == RuntimeDirectory.standardPath }

    /// - Parameter environment: of a process that `OnFailure=` has started (systemd.exec(5), `MONITOR_SERVICE_RESULT`).
    /// - Returns: nil where nobody tells.
    package func look(_ environment: [String: String]) async -> OutcomeEvidence.Unit? {
        let names = ["ActiveState", "ExecMainCode", "ExecMainStatus", "Result"]
        guard isOurs, let found = await units.properties(names, of: Self.name) else { return nil }
        let code = found["ExecMainCode"].flatMap { Int32($0) } ?? 0
        let status = found["ExecMainStatus"].flatMap { Int32($0) } ?? 0
        let state: OutcomeEvidence.Unit.State =
            switch found["ActiveState"] {
            case "active": .active
            case "failed": .failed
            case "inactive": .inactive
            default: .atWork
            }
        return OutcomeEvidence.Unit(
            state,
            exit: code == CLD_EXITED ? status : code == 0 ? 0 : 128 + status,
            wasAskedToEnd: wasAskedToEnd(environment, found["Result"], code, status)
        )
    }

    /// As autoheal-power-off.service finds it out: the agent notes the signal as it comes. Before it can, a signal ends it, or
    /// the question before it, which leaves no status; restarted many times in a row, it comes to its start limit.
    private func wasAskedToEnd(
        _ environment: [String: String],
        _ result: String?,
        _ code: Int32,
        _ status: Int32
    ) -> Bool {
        var information = stat()
        if stat(runtimeDirectory.stopRequestFile, &information) == 0, information.st_size > 0 { return true }
        let isTerminated = code == CLD_KILLED && status == SIGTERM
        switch environment["MONITOR_SERVICE_RESULT"] ?? result {
        case "signal":
            let exit = environment["MONITOR_EXIT_STATUS"]
            return exit == nil ? isTerminated || code == 0 : exit == "" || exit == "TERM"
        case "start-limit-hit": return isTerminated || code == 0 && status == 0
        default: return false
        }
    }

    /// Has the outcome written on the console, anew if that is being done; nobody waits for it.
    package func announce() async {
        guard isOurs else { return }
        _ = await units.restart(Self.announcer)
    }

    /// Whether the unit is not inactive, without asking anybody (systemd since 236).
    package var isBegun: Bool {
        var information = stat()
        return lstat("/run/systemd/units/invocation:\(Self.name)", &information) == 0
    }
}
