import ArgumentParser
import AutohealCore
import ConfigurationFile

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration file, or make it this instance's own.",
        subcommands: [Check.self, Adopt.self, Applies.self, Changed.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say what is wrong with a configuration file, line by line.",
            discussion:
                "Exits with 0 if mount would take it, with 78 if not; warns of what it would rather not. Touches nothing."
        )

        @Argument(help: "The file.")
        var file = ConfigurationFile.standardPath

        func run() throws {
            do throws(ConfigurationFileError) {
                let configuration = try ConfigurationFile(path: file)
                let settings = configuration.volumes
                if let foreign = ForeignConfiguration(configuration) {
                    Main.complain("\(file): warning: \(foreign.warning)")
                }
                let volumes = settings.count
                guard volumes == 0 else {
                    for spec in settings.compactMap({ try? VolumeSpec($0) }) where spec.isKernelNameAlone {
                        Main.complain(
                            "\(file): warning: \(spec.device) may be another disk at the next boot, so nothing is formatted "
                                + "by that name: set volume-id, or use the name that EBS gave (/dev/xvdf)."
                        )
                    }
                    return print("\(file): right, \(volumes) \(volumes == 1 ? "volume" : "volumes").")
                }
                Main.complain(
                    "\(file): there is no [[volume]] table, so there is nothing to mount: see autoheal-agent.toml(5)."
                )
            } catch {
                Main.complain("\(error)")
            }
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
    }
}
