import ArgumentParser
import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import ConfigurationFile

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what mount would do and why; change nothing.",
        discussion: """
            Without --device, for the volumes of the configuration file and of fstab(5). Looks once, without waiting. Exits as \
            mount would if it refused, and with 0 if it would go ahead.
            """
    )

    @Flag(help: "Only the volumes of fstab(5), lines of the type autoheal.")
    var fstab = false

    @OptionGroup var flags: RunFlags

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        if fstab, flags.volume.settings.device != nil { throw ValidationError("Give --fstab or --device, not both.") }
        let configuration = try RunConfiguration(flags, fstab: fstab ? .alone : .besides)
        let run = RunContext(configuration)
        var ofLines: [ExitStatus] = []
        if !configuration.fstabProblems.isEmpty {
            let error = ConfigurationFileError(file: Fstab.path, cause: .problems(configuration.fstabProblems))
            Main.complain("\(error)")
            ofLines = [.configuration]
        }
        var statuses: [ExitStatus] = []
        for spec in configuration.volumes {
            let outcome = await run.plan(spec)
            statuses.append(outcome.exitStatus)
            print(outcome.text(for: spec))
        }
        throw ExitCode(ExitStatus.ofAll(statuses + ofLines).rawValue)
    }
}

extension Outcome {
    /// What is found and would be done, line by line.
    func text(for spec: VolumeSpec) -> String {
        var lines = ["\(spec.device) at \(spec.mountPoint): \(reason)"]
        if case .planned(let plan, let state) = self {
            lines.append("found: \(state.summary)")
            lines += plan.steps.map { "would: \($0.summary(on: state.device.node, at: spec.mountPoint))" }
        }
        return lines.joined(separator: "\n  ")
    }
}
