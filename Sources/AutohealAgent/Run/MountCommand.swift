import ArgumentParser
import AutohealHost
import AutohealPlan
import Logging
import StructuredLogging

struct MountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Wait for the volume, format it if it is provably blank, check it, mount it, grow it.",
        discussion: """
            Running it again changes nothing and exits with 0. Nothing overrides a refusal: it says what was found and \
            what to do.

              autoheal-agent mount --device /dev/xvdb --volume-id vol-0123456789abcdef0 --mount-point /data

            Without --device it handles every volume of the configuration file, side by side; one that fails does not \
            stop the others. The exit code is that of the first one that another try may mend, else of the first one that \
            failed. Every log line names the volume and, once the metadata service has answered, the instance.
            """
    )

    @OptionGroup var flags: RunFlags

    // On the main thread, which may block: the pool stays free for the metadata service's answers.
    @MainActor
    func run() async throws {
        let configuration = try RunConfiguration(flags, fstab: .awaited)
        try Main.requireRoot(for: "mounting")
        let run = RunContext(configuration)
        if MountNamespace.isOwn == true {
            run.logging.logger().warning(
                "In this mount namespace, which is not the machine's, nobody else sees what is mounted"
            )
        }
        let status = await run.mountAll()
        // Its unit says what itself came to.
        if !configuration.isOfUnit { await AgentUnit(run.runtimeDirectory).announce() }
        throw ExitCode(status.rawValue)
    }
}
