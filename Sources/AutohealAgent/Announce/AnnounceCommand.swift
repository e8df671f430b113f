import ArgumentParser
import AutohealHost
import AutohealPlan
import ConfigurationFile
import Glibc
import StructuredLogging

struct AnnounceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "announce",
        abstract: "Say on the machine's console how it ended, for whoever reads that from outside.",
        discussion: """
            One line, of which autoheal-agent(8) says what is in it, again and again for some minutes; only what nobody is about \
            to change, and only as long as it holds: 'mounted' is said while every volume of the configuration file and of \
            fstab(5) is mounted and can be used. autoheal-outcome.service runs it.
            """
    )

    @Option(name: .customLong("config"), help: RunFlags.configurationHelp)
    var configurationFile: String?

    @Option(help: ArgumentHelp("The console.", valueName: "device"))
    var console = LoggingConfiguration.console

    @Option(help: ArgumentHelp("Seconds from line to line.", valueName: "seconds"))
    var interval = 30.0

    @Option(name: .customLong("for"), help: ArgumentHelp("Seconds for which it is said.", valueName: "seconds"))
    var duration = 300.0

    @OptionGroup(title: "Logging") var logging: LoggingFlags

    func validate() throws {
        guard (0.1...3600).contains(interval), (0...86_400).contains(duration) else {
            throw ValidationError("--interval must be from 0.1 to 3600 seconds, and --for from 0 to 86400.")
        }
    }

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        // A wrong file is one of the outcomes.
        let file = try? RunConfiguration.file(configurationFile)
        guard geteuid() == 0 else {
            Main.complain("autoheal-agent: announcing needs root: run it with sudo, or as a service.")
            throw ExitCode(ExitStatus.noPermission.rawValue)
        }
        let tags = InstanceTags()
        let environment = RunConfiguration.environment(file)
        let log = LoggingConfiguration(
            format: try logging.format(default: file?.agent.logFormat),
            level: try logging.level(default: file?.agent.logLevel),
            tags: tags,
            environment: environment,
            // Nothing of it between the lines that it is about.
            copiesToConsole: false
        )
        let announcer = Announcer(
            console: console,
            interval: .seconds(interval),
            duration: .seconds(duration),
            configurationFile: configurationFile,
            environment: environment,
            tags: tags,
            logger: log.logger()
        )
        throw ExitCode(await announcer.run().rawValue)
    }
}
