import ArgumentParser
import AutohealHost
import AutohealPlan
import Glibc

struct GrowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grow",
        abstract: "Grow mounted file systems to the size of their devices; nothing is unmounted or restarted.",
        discussion: """
            For volumes of the configuration file and of fstab(5) that were enlarged while they are mounted (ext2, ext3, ext4, xfs). \
            Mounts, checks and formats nothing. autoheal-watch.service has it done as soon as the kernel announces the new size.
            """
    )

    @Option(name: .customLong("config"), help: VolumeFlags.configurationHelp)
    var configurationFile: String?

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        let configuration = try RunConfiguration(
            file: configurationFile,
            volume: volume,
            logging: logging,
            fstab: .besides
        )
        guard geteuid() == 0 else {
            Main.complain("autoheal-agent: growing needs root: run it with sudo, or as a service.")
            throw ExitCode(ExitStatus.noPermission.rawValue)
        }
        let run = RunContext(configuration)
        let status = await run.growAll()
        let unit = AgentUnit(run.runtimeDirectory)
        // It may have mended what the unit has failed for.
        if !unit.isBegun { await unit.announce() }
        throw ExitCode(status.rawValue)
    }
}
