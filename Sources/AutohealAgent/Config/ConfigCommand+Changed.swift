import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealSpec
import ConfigurationFile
import FoundationEssentials

extension ConfigCommand {
    /// What user data asks when the unit may have begun with an older file.
    struct Changed: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "changed",
            abstract: "Say whether the volumes of the configuration file are others than those of the last run.",
            discussion: """
                Exits with 0 if they are, and with 1 if not, or if no run of this boot has read a file. Values are compared, \
                not bytes: a comment changes nothing, nor does a default that is written down. Touches nothing.
                """,
            shouldDisplay: false
        )

        @Argument(help: "The file.")
        var file = ConfigurationFile.standardPath

        func run() throws {
            guard let change = try ConfigurationChange(file: file), change.present != change.lastRun else {
                throw ExitCode(1)
            }
        }
    }
}

/// The volumes of a configuration file, now and when the last run read it.
struct ConfigurationChange {
    let present: [VolumeSpec]
    let lastRun: [VolumeSpec]

    /// - Returns: nil if there is no such file, or if no run of this boot has read one.
    /// - Throws: `ExitCode` 78 for a file that is wrong, whose errors are printed.
    init?(file: String) throws {
        let directory = RuntimeDirectory(environment: ProcessInfo.processInfo.environment)
        guard let lastRun = try? ConfigurationFile(path: directory.volumesFile).specs() else { return nil }
        self.lastRun = lastRun
        do throws(ConfigurationFileError) {
            present = try ConfigurationFile(path: file).specs(file: file)
        } catch {
            guard !error.isMissing else { return nil }
            Main.complain("\(error)")
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
    }
}
