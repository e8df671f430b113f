import ArgumentParser
import AutohealCore

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what mount would do and why; change nothing.",
        discussion: "Looks once, without waiting. Exits as mount would if it refused, and with 0 if it would go ahead."
    )

    @Option(name: .customLong("config"), help: VolumeFlags.configurationHelp)
    var configurationFile: String?

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        let configuration = try RunConfiguration(file: configurationFile, volume: volume, logging: logging)
        let run = RunContext(configuration)
        var statuses: [ExitStatus] = []
        for spec in configuration.volumes {
            let outcome = await run.plan(spec)
            statuses.append(outcome.exitStatus)
            print("\(spec.device) at \(spec.mountPoint): \(outcome.reason)")
            if case .planned(let plan, let state) = outcome {
                print("  found: \(state.summary)")
                for step in plan.steps { print("  would: \(step.summary(on: state.device.node, at: spec.mountPoint))") }
            }
        }
        throw ExitCode((statuses.first { $0 != .ok } ?? .ok).rawValue)
    }
}
