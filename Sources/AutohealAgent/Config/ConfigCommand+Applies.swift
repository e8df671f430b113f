import ArgumentParser
import AutohealHost
import AutohealRun
import ConfigurationFile
import FoundationEssentials
import Logging
import StructuredLogging

extension ConfigCommand {
    /// What the unit asks before it touches anything.
    struct Applies: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "applies",
            abstract: "Say whether the configuration file is meant for this instance.",
            discussion: """
                Exits with 0 if it is, if it does not say which instance it is meant for, or if there is none; with 1 if it \
                was written for another one, as after an instance was made from an image of that, or if nothing tells yet \
                which one this is. Touches nothing.
                """,
            shouldDisplay: false
        )

        @Argument(help: "The file.")
        var file = ConfigurationFile.standardPath

        func run() async throws {
            let environment = ProcessInfo.processInfo.environment
            let directory = RuntimeDirectory(environment: environment)
            if let refusal = await refusal(after: directory.handOver) {
                let tags = InstanceTags()
                LoggingConfiguration(format: .auto, level: .notice, tags: tags, environment: environment).logger()
                    .notice("\(refusal)")
                throw ExitCode(1)
            }
            // What is wrong with a file is for mount to say, unless it names another instance.
            guard let text = try? ConfigurationFile.text(of: file),
                let configuration = ConfigurationFile(reading: text, file: file),
                let foreign = ForeignConfiguration(configuration)
            else { return directory.setIdentityIsAwaited(false) }
            directory.setIdentityIsAwaited(foreign.present == nil)
            let logger = LoggingConfiguration(
                format: configuration.agent.logFormat.flatMap { LogFormat(rawValue: $0) } ?? .auto,
                // Whatever else stays silent: this line says why there is no volume.
                level: min(configuration.agent.logLevel.flatMap { Logger.Level(rawValue: $0) } ?? .info, .notice),
                tags: InstanceTags(),
                environment: environment,
                copiesToConsole: configuration.agent.logConsole
            ).logger()
            let finding =
                foreign.present == nil
                ? "The configuration is meant for one instance, and nothing tells yet which one this is: no volume is touched "
                    + "until cloud-init does."
                : "The configuration was written for another instance: no volume is touched until this one's user data "
                    + "writes its own."
            logger.notice(
                """
                \(finding) If none does so: 'autoheal-agent config adopt', then 'systemctl start autoheal-agent'
                """,
                metadata: [
                    "config.file": "\(file)", "config.instance": "\(foreign.wanted)",
                    "instance": "\(foreign.present ?? "unknown")",
                ]
            )
            throw ExitCode(1)
        }

        /// Why nothing is mounted after a hand-over; nil if it is, because a person starts the unit.
        private func refusal(after handOver: HandOver?) async -> String? {
            guard let handOver else { return nil }
            if let refusal = handOver.refusal { return refusal }
            // A service that needs the volumes, and that a timer or a socket starts, has the target started, and so this.
            return await UnitManager().hasJob("autoheal-data.target")
                ? "The volumes were released: nothing mounts them before somebody says 'systemctl start autoheal-agent'."
                : nil
        }
    }
}
