import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile

extension ConfigCommand {
    /// Makes this instance the one that the file is meant for.
    struct Adopt: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "adopt",
            abstract: "Write into the configuration file that it is meant for this instance.",
            discussion: """
                User data does so after it has written the file. On an instance that was made from an image and gets no user \
                data, it is for a person to do, before 'systemctl start autoheal-agent'. Where nothing tells which instance \
                this is, the file is made to mean every one. Mounts nothing.
                """
        )

        @Argument(help: "The file.")
        var file = ConfigurationFile.standardPath

        func run() throws {
            let name = CurrentInstance().id
            let id = name.flatMap { ConfigurationFile.isInstanceID($0) ? $0 : nil }
            let old: String
            let new: String
            let volumes: [VolumeSettings]
            do throws(ConfigurationFileError) {
                old = try ConfigurationFile.text(of: file)
                new = try ConfigurationFile.text(old, for: id, file: file)
                volumes = try ConfigurationFile(parsing: new, file: file).volumes
            } catch {
                Main.complain("\(error)")
                throw ExitCode(ExitStatus.configuration.rawValue)
            }
            guard !volumes.isEmpty else {
                Main.complain("\(file): there is no [[volume]] table, so there is nothing to adopt.")
                throw ExitCode(ExitStatus.configuration.rawValue)
            }
            if new != old {
                do throws(HostError) { try replaceFile(file, holding: old, with: new) } catch {
                    Main.complain("autoheal-agent: \(error.reason)")
                    throw ExitCode(error.exitStatus.rawValue)
                }
            }
            let unknown = name.map { "'\($0.printable)' is no instance id" } ?? "nothing tells which instance this is"
            print(
                id.map { "\(file): meant for this instance, \($0)." }
                    ?? "\(file): \(unknown), so the file is meant for every one."
            )
        }
    }
}
