import ArgumentParser
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
        throw ExitCode(await RunContext(configuration).growAll().rawValue)
    }
}
