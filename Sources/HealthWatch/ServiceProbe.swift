import AutohealHealth
import AutohealHost
import Glibc
import Subprocess
import SystemPackage

/// Asks systemd how units go. To ask costs more than all other looks together, so a unit that was active a moment ago, and
/// whose run still has the same id (the link that systemd keeps for each unit that is not inactive), is not asked for again.
struct ServiceProbe: Sendable {
    private let units: [String]
    private let roots: MachineRoots
    private var active: [String: Active] = [:]

    private struct Active {
        let run: String
        let seen: ContinuousClock.Instant
    }

    /// A unit that is being stopped keeps its id, and is no longer active.
    private static let maximumAge: Duration = .seconds(30)

    init(_ units: [String], roots: MachineRoots = MachineRoots()) {
        self.units = units
        self.roots = roots
    }

    mutating func look() async -> [String: RequirementState] {
        var states: [String: RequirementState] = [:]
        var asked: [String] = []
        for unit in units {
            if let known = active[unit], known.run == run(of: unit), .now - known.seen < Self.maximumAge {
                states[unit] = .met
            } else {
                asked.append(unit)
            }
        }
        guard !asked.isEmpty else { return states }
        let runs = asked.map { run(of: $0) }
        for (run, (unit, state)) in zip(runs, await Self.ask(asked)) {
            states[unit] = state
            active[unit] = state == .met ? run.map { Active(run: $0, seen: .now) } : nil
        }
        return states
    }

    private func run(of unit: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink("\(roots.run)/systemd/units/invocation:\(unit)", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// systemctl(1): a block of properties for each unit, in the order of the arguments.
    private static func ask(_ units: [String]) async -> [(String, RequirementState)] {
        let output: String
        do {
            let result = try await Subprocess.run(
                .name("systemctl"),
                arguments: Arguments(["show", "--property=LoadState,ActiveState,SubState", "--"] + units),
                environment: .custom(["PATH": "/usr/bin:/bin", "LC_ALL": "C"]),
                input: .none,
                output: .string(limit: 64 << 10),
                error: .string(limit: 4096)
            )
            guard result.terminationStatus.isSuccess else {
                let cause = result.standardError.split(whereSeparator: \.isNewline).first ?? "it failed"
                return units.map { ($0, .unknown("systemctl cannot tell: \(cause)")) }
            }
            output = result.standardOutput
        } catch {
            return units.map { ($0, .unknown("systemctl cannot be asked: \(error)")) }
        }
        let blocks = output.split(separator: "\n\n")
        guard blocks.count == units.count else {
            return units.map {
                ($0, .unknown("systemctl tells of \(blocks.count) units, and was asked for \(units.count)."))
            }
        }
        return zip(units, blocks).map { unit, block in (unit, state(block)) }
    }

    private static func state(_ block: Substring) -> RequirementState {
        var properties: [Substring: Substring] = [:]
        for line in block.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { properties[parts[0]] = parts[1] }
        }
        let load = properties["LoadState"] ?? "unknown"
        guard load == "loaded" else { return .unknown("systemd says '\(load)' of it: no such unit can run.") }
        let active = properties["ActiveState"] ?? "unknown"
        let sentence = "systemd says '\(active) (\(properties["SubState"] ?? "unknown"))' of it."
        return switch active {
        case "active", "reloading", "refreshing": .met
        case "activating": .starting(sentence)
        case "failed": .dead(sentence)
        case "inactive", "deactivating", "maintenance": .absent(sentence)
        default: .unknown(sentence)
        }
    }
}
