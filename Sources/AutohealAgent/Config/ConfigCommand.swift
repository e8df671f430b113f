import ArgumentParser
import AutohealPlan
import AutohealSpec
import ConfigurationFile

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration file, or make it this instance's own.",
        subcommands: [Check.self, Adopt.self, Applies.self, Changed.self]
    )
}

extension ConfigCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Say what is wrong with a configuration file, line by line, and with our lines of fstab(5).",
            discussion:
                "Exits with 0 if mount would take it, with 78 if not; warns of what it would rather not. Touches nothing."
        )

        @Argument(help: "The file.")
        var file = ConfigurationFile.standardPath

        func run() throws {
            let fstab: Fstab
            var configuration: ConfigurationFile?
            do throws(ConfigurationFileError) {
                fstab = try Fstab.read()
                for line in fstab.unreadableLines { Main.complain("\(fstab.file):\(line): \(Fstab.unreadable)") }
                configuration = try read(isNeeded: fstab.ours.isEmpty)
                let problems = fstab.problems(beside: configuration, named: file)
                if !problems.isEmpty { throw ConfigurationFileError(file: fstab.file, cause: .problems(problems)) }
            } catch {
                Main.complain("\(error)")
                throw ExitCode(ExitStatus.configuration.rawValue)
            }
            if let configuration { try judge(configuration, isAlone: fstab.ours.isEmpty) }
            for warning in fstab.warnings(beside: configuration) {
                Main.complain("\(fstab.file): warning: \(warning)")
            }
            if !fstab.ours.isEmpty { print("\(fstab.file): right, \(Self.count(fstab.ours.count)).") }
        }

        /// - Parameter isNeeded: whether the file has to be there.
        private func read(isNeeded: Bool) throws(ConfigurationFileError) -> ConfigurationFile? {
            do throws(ConfigurationFileError) { return try ConfigurationFile(path: file) } catch {
                guard !isNeeded, error.isMissing, file == ConfigurationFile.standardPath else { throw error }
                return nil
            }
        }

        private func judge(_ configuration: ConfigurationFile, isAlone: Bool) throws {
            if let foreign = ForeignConfiguration(configuration) {
                Main.complain("\(file): warning: \(foreign.warning)")
            }
            let settings = configuration.volumes
            guard !settings.isEmpty || !isAlone else {
                Main.complain(
                    "\(file): there is no [[volume]] table, so there is nothing to mount: see autoheal-agent.toml(5)."
                )
                throw ExitCode(ExitStatus.configuration.rawValue)
            }
            for spec in settings.compactMap({ try? VolumeSpec($0) }) where spec.isKernelNameAlone {
                Main.complain(
                    "\(file): warning: \(spec.device) may be another disk at the next boot, so nothing is formatted "
                        + "by that name: set volume-id, or use the name that EBS gave (/dev/xvdf)."
                )
            }
            print("\(file): right, \(Self.count(settings.count)).")
        }

        private static func count(_ volumes: Int) -> String { "\(volumes) \(volumes == 1 ? "volume" : "volumes")" }
    }
}
