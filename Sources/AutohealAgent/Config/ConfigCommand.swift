import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration file, or make it this instance's own.",
        subcommands: [Check.self, Adopt.self, Applies.self, Changed.self]
    )
}
