import ArgumentParser
import AutohealCore
import ConfigurationFile

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration file.",
        subcommands: [Check.self]
    )

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say what is wrong with a configuration file, line by line.",
            discussion: "Exits with 0 if mount would take it, with 78 if not. Touches nothing."
        )

        @Argument(help: "The file.")
        var file = ConfigurationFile.standardPath

        func run() throws {
            do throws(ConfigurationFileError) {
                let volumes = try ConfigurationFile(path: file).volumes.count
                guard volumes == 0 else {
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
