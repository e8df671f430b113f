import AutohealHealth
import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import FoundationEssentials

/// What `status` says of one volume: the last run, and whether it still holds.
struct VolumeStatus: Encodable {
    let status: ExitStatus
    let state: VolumeHealth.State
    let reason: String
    let faults: [VolumeFault]
    let unknowns: [String]
    let report: Report

    /// Looks at the machine; changes nothing.
    init(_ report: Report, in directory: RuntimeDirectory) {
        self.report = report
        if report.isReleased, VolumeRelease(report, runtimeDirectory: directory)?.isMounted != true {
            status = .unavailable
            state = .released
            reason = report.reason
            (faults, unknowns) = ([], [])
            return
        }
        guard report.exitStatus == .ok, let device = report.number else {
            status = report.exitStatus == .ok ? .software : report.exitStatus
            state = .failed
            reason = report.reason
            (faults, unknowns) = ([], [])
            return
        }
        let health = VolumeHealth(
            of: HealthInspector().look(at: report.mountPoint, device: device, node: report.node),
            device: device,
            isReadOnlyWished: report.wantsReadOnly,
            errorsAtMount: report.errorsAtMount
        )
        status = health.status
        state = health.state
        faults = health.faults
        unknowns = health.unknowns
        reason =
            faults.first?.reason
            ?? (state == .unknown ? "It cannot be seen whether the volume is mounted." : "The volume is mounted.")
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(state == .healthy, forKey: .healthy)
        try container.encode(state.rawValue, forKey: .state)
        try container.encode(reason, forKey: .reason)
        try container.encode(faults.map(Fault.init), forKey: .faults)
        try container.encode(unknowns, forKey: .unknown)
        try container.encode(report, forKey: .lastRun)
    }

    private enum CodingKeys: String, CodingKey {
        case healthy, state, reason, faults, unknown
        case lastRun = "last_run"
    }

    private struct Fault: Encodable {
        let name: String
        let reason: String
        let advice: String
        let since: String?
        let curedByReplacement: Bool

        init(_ fault: VolumeFault) {
            name = fault.name
            reason = fault.reason
            advice = fault.advice
            since = fault.sinceText
            curedByReplacement = fault.isCuredByReplacement
        }

        enum CodingKeys: String, CodingKey {
            case name, reason, advice, since
            case curedByReplacement = "cured_by_replacement"
        }
    }

    var text: String {
        let verdict =
            switch state {
            case .healthy: "healthy"
            case .degraded: "degraded"
            case .failed: "NOT HEALTHY"
            case .released: "released"
            case .unknown: "UNKNOWN"
            }
        let steps = report.steps.isEmpty ? "" : " (\(report.steps.joined(separator: ", ")))"
        let lines =
            [
                "\(report.mountPoint): \(verdict). \(reason)",
                "device:   \(report.device)\(report.node.map { " -> \($0)" } ?? "")",
            ] + faults.map { "fault:    \($0.reason)\($0.sinceText.map { " (since \($0))" } ?? "") \($0.advice)" }
            + unknowns.map { "unknown:  \($0)" } + [
                "last run: \(report.outcome)\(steps), exit status \(report.exitStatus.rawValue), "
                    + "\(Date(timeIntervalSince1970: report.time).ISO8601Format()), "
                    + "\(milliseconds(.seconds(report.duration))) ms"
            ] + (report.warnings ?? []).map { "warning:  \($0)" }
        return lines.map(\.printable).joined(separator: "\n  ")
    }
}

extension VolumeFault {
    fileprivate var sinceText: String? {
        since.map { Date(timeIntervalSince1970: Double($0)).ISO8601Format() }
    }
}
