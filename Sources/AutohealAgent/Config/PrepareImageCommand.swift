import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import ConfigurationFile
import Glibc
import SystemPackage

/// Makes a machine ready for an image to be taken of it.
struct PrepareImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare-image",
        abstract: "Remove what belongs to this instance alone, before an image is made of it.",
        discussion: """
            Removes the configuration file that user data wrote, the drop-in of --power-off-on-failure, and what is left of \
            an installation by user data. The package stays, and so does what is mounted. A configuration file that a person \
            wrote stays too, unless it names an instance: every instance that is made from the image uses it.
            """
    )

    func run() throws {
        let file = ConfigurationFile.standardPath
        var paths = UserDataPath.ofOneInstance + UserDataPath.unfinished + [replacementPath(of: file)]
        do throws(ConfigurationFileError) {
            let text = try ConfigurationFile.text(of: file)
            if ConfigurationFile.isOfOneInstance(text) {
                paths.insert(file, at: 0)
            } else if (try? ConfigurationFile(path: file)) == nil {
                print("kept \(file): it is wrong, see 'autoheal-agent config check', and names no instance")
            } else {
                print("kept \(file): it names no instance, so every instance that is made from the image uses it")
            }
        } catch {
            guard error.isMissing else {
                Main.complain("\(error)")
                throw ExitCode(ExitStatus.configuration.rawValue)
            }
        }
        if let fstab = try? Fstab.read(), !fstab.ours.isEmpty {
            print("kept \(fstab.file): its lines of the type \(FstabEntry.type) name volumes, and no instance")
        }
        for path in paths {
            if unlink(path) == 0 {
                print("removed \(path)")
            } else if errno != ENOENT && errno != ENOTDIR {
                let cause = Errno(rawValue: errno)
                let status: ExitStatus =
                    [.permissionDenied, .notPermitted].contains(cause) ? .noPermission : .cannotCreate
                let error = HostError("remove", path, .errno(cause), exitStatus: status)
                Main.complain("autoheal-agent: \(error.reason)")
                throw ExitCode(error.exitStatus.rawValue)
            }
        }
    }
}
