import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealSpec
import ConfigurationFile
import StructuredLogging

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Stop what uses the volumes, unmount them, and say so once they can be detached.",
        discussion: """
            Stops autoheal-data.target with the services that are bound to it, what requires the mounts, and the agent's unit. \
            Then it unmounts. A volume that something still uses is named with the processes that hold it, waited for, and \
            left alone: nothing is killed, and nothing is unmounted lazily. 'Released' is said when an exclusive open of the \
            whole disk has proved that nothing has it mounted, also in another mount namespace, and no process was seen that \
            has it open for writing.

              autoheal-agent release                     all volumes that are mounted
              autoheal-agent release /data               one, by its mount point or its volume id

            'systemctl start autoheal-agent' mounts them again. Exits with 0 once all are released, with 69 if one is still in \
            use after the wait, with 74 if something could not be written before. autoheal-release.service runs it when the instance ends, where [hand-over] of the \
            configuration file says so; then nothing mounts them again.
            """
    )

    @Argument(help: "A mount point or a volume id. (default: all volumes)")
    var volume: String?

    @Option(name: .customLong("config"), help: RunFlags.configurationHelp)
    var configurationFile: String?

    @Option(
        help: ArgumentHelp(
            "Seconds that a volume in use is waited for. (default: \(Int(HandOverSettings.defaultWait)))",
            valueName: "seconds"
        )
    )
    var wait: Double?

    @Flag(
        help: ArgumentHelp(
            "Only if the metadata service says that this instance ends, for a reason that [hand-over] names.",
            discussion: "What is released then is not mounted again."
        )
    )
    var ifEnding = false

    @OptionGroup(title: "Logging") var logging: LoggingFlags

    func validate() throws {
        var settings = HandOverSettings()
        settings.wait = wait
        if let error = settings.errors.first { throw ValidationError("--\(error)") }
        if ifEnding, volume != nil {
            throw ValidationError("--if-ending releases all volumes: leave out '\(volume ?? "")'.")
        }
    }

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        // Volumes have to be free, also where somebody has just made a mistake in the file, which is printed.
        let (file, isWrong) = readFile()
        try Main.requireRoot(for: "releasing")
        let environment = RunConfiguration.environment(file)
        let tags = InstanceTags()
        let run = ReleaseRun(
            wait: .seconds(wait ?? file?.handOver.wait ?? HandOverSettings.defaultWait),
            specs: specs(file),
            configurationFile: configurationFile,
            environment: environment,
            tags: tags,
            logging: LoggingConfiguration(
                format: try logging.format(default: file?.agent.logFormat),
                level: try logging.level(default: file?.agent.logLevel),
                tags: tags,
                environment: environment,
                copiesToConsole: logging.logConsole ?? file?.agent.logConsole,
                namesVolumes: true
            )
        )
        guard ifEnding else { throw ExitCode(await run.release(volume).rawValue) }
        throw ExitCode(await run.releaseIfEnding(isWrong ? nil : file?.handOver.reasons ?? []).rawValue)
    }

    private func readFile() -> (file: ConfigurationFile?, isWrong: Bool) {
        do { return (try RunConfiguration.file(configurationFile), false) } catch { return (nil, true) }
    }

    private func specs(_ file: ConfigurationFile?) -> [VolumeSpec] {
        ((try? file?.specs()) ?? []) + ((try? Fstab.read())?.volumes.map(\.spec) ?? [])
    }
}
