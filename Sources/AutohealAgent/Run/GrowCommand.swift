import ArgumentParser
import AutohealHost
import AutohealPlan

struct GrowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grow",
        abstract: "Grow mounted file systems to the size of their devices; nothing is unmounted or restarted.",
        discussion: """
            For volumes of the configuration file and of fstab(5) that were enlarged while they are mounted (ext2, ext3, ext4, xfs). \
            Mounts, checks and formats nothing. autoheal-watch.service has it done as soon as the kernel announces the new size.
            """
    )

    @OptionGroup var flags: RunFlags

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        let configuration = try RunConfiguration(flags, fstab: .besides)
        try Main.requireRoot(for: "growing")
        let run = RunContext(configuration)
        let status = await run.growAll()
        let unit = AgentUnit(run.runtimeDirectory)
        // It may have mended what the unit has failed for.
        if !unit.isBegun { await unit.announce() }
        throw ExitCode(status.rawValue)
    }
}
