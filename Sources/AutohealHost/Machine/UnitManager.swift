import Glibc
import Subprocess

/// systemd, asked through systemctl(1).
package struct UnitManager: Sendable {
    private let roots: MachineRoots

    package init(roots: MachineRoots = MachineRoots()) { self.roots = roots }

    /// sd_booted(3).
    package var isRunning: Bool { access("\(roots.run)/systemd/system", F_OK) == 0 }

    /// Stops a unit and whatever requires it, in the order that they say, and waits until all of it has stopped.
    ///
    /// - Parameter unit: its name; a path means its mount unit.
    /// - Returns: why it could not be stopped, in systemctl's words; nil once it is not active, or where there is none.
    package func stop(_ unit: String) async -> String? { await call("stop", unit) }

    /// Whether systemd is about to start or stop a unit.
    package func hasJob(_ unit: String) async -> Bool {
        // Nothing, or 0, where there is none.
        await property("Job", of: unit)?.contains { ("1"..."9").contains($0) } ?? false
    }

    /// In systemd's words, such as `activating` and `deactivating`; nil where nobody tells.
    package func activeState(of unit: String) async -> String? { await property("ActiveState", of: unit) }

    /// Whether a unit has been begun in this boot, be it in vain; false where nobody tells.
    package func hasBegun(_ unit: String) async -> Bool {
        await property("InactiveExitTimestampMonotonic", of: unit).map { $0 != "0" } ?? false
    }

    /// Whether the mount(8) of a mount unit was ended by SIGTERM, as by a stop of the unit (systemd.kill(5)); of a process below
    /// it, mount(8) makes an exit code.
    package func wasMountStopped(_ unit: String) async -> Bool {
        // { path=... ; argv[]=... ; pid=77 ; code=killed ; status=15/TERM }
        guard let text = await property("ExecMount", of: unit) else { return false }
        return text.split(separator: " ; ").suffix(2).joined(separator: " ").hasPrefix("code=killed status=15")
    }

    private func property(_ name: String, of unit: String) async -> String? {
        await properties([name], of: unit)?[name]
    }

    /// By their names, those that there are, in systemd's words; nil where nobody tells.
    package func properties(_ names: [String], of unit: String) async -> [String: String]? {
        guard isRunning,
            let result = try? await Subprocess.run(
                .name("systemctl"),
                arguments: ["show", "--property=\(names.joined(separator: ","))", "--", unit],
                environment: .custom(["PATH": "/usr/bin:/bin", "LC_ALL": "C"]),
                input: .none,
                output: .string(limit: 4096),
                error: .discarded
            ), result.terminationStatus.isSuccess
        else { return nil }
        let pairs = result.standardOutput.split(whereSeparator: \.isNewline).compactMap { line in
            line.firstIndex(of: "=").map { sign in (String(line[..<sign]), String(line[sign...].dropFirst())) }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Begins to start a unit, and does not wait for it.
    ///
    /// - Returns: why it cannot be started, in systemctl's words; nil if it can be, or where there is none.
    package func start(_ unit: String) async -> String? { await call("start", "--no-block", unit) }

    /// The same, anew if it is active.
    package func restart(_ unit: String) async -> String? { await call("restart", "--no-block", unit) }

    private func call(_ verb: String, _ arguments: String...) async -> String? {
        guard isRunning else { return nil }
        do {
            let result = try await Subprocess.run(
                .name("systemctl"),
                arguments: Arguments([verb] + arguments),
                environment: .custom(["PATH": "/usr/bin:/bin", "LC_ALL": "C"]),
                input: .none,
                output: .discarded,
                error: .string(limit: 4096)
            )
            switch result.terminationStatus {
            // systemctl(1): not loaded, as for what nobody has made.
            case .exited(0), .exited(5): return nil
            default:
                return result.standardError.split(whereSeparator: \.isNewline).first.map(String.init) ?? "it failed"
            }
        } catch {
            return "\(error)"
        }
    }
}
