import ArgumentParser
import AutohealCore
import AutohealHost

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what mount would do and why; change nothing.",
        discussion: "Looks once, without waiting. Exits as mount would if it refused, and with 0 if it would go ahead."
    )

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags

    // On the main thread, which may block: the pool stays free for the metadata service's answers.
    @MainActor
    func run() async throws {
        let spec = try volume.spec()
        let run = RunContext(logging: logging)
        let outcome = await Engine(host: run.host, logger: run.logger(for: spec)).plan(spec)
        print("\(spec.device) at \(spec.mountPoint): \(outcome.reason)")
        if case .planned(let plan, let state) = outcome {
            print("  found: \(state.summary)")
            for step in plan.steps { print("  would: \(step.summary(on: state.device.node, at: spec.mountPoint))") }
        }
        throw ExitCode(outcome.exitStatus.rawValue)
    }
}
