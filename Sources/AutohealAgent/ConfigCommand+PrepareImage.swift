import ArgumentParser
import AutohealCore
import AutohealHost
import ConfigurationFile
import Glibc
import SystemPackage

extension ConfigCommand {
    /// Makes a machine ready for an image to be taken of it.
    struct PrepareImage: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prepare-image",
            abstract: "Remove what user data wrote for this instance, before an image is made of it.",
            discussion: """
                Removes the configuration file, the drop-in of --power-off-on-failure, and what is left of the installation. \
                The package stays, and so does what is mounted. To have a configuration in the image that all its instances \
                use, write it afterwards: a file that names no instance is meant for every one.
                """
        )

        func run() throws {
            for path in UserDataPath.ofOneInstance {
                if unlink(path) == 0 {
                    print("removed \(path)")
                } else if errno != ENOENT && errno != ENOTDIR {
                    let error = HostError("remove", path, .errno(Errno(rawValue: errno)), exitStatus: .cannotCreate)
                    Main.complain("autoheal-agent: \(error.reason)")
                    throw ExitCode(error.exitStatus.rawValue)
                }
            }
        }
    }
}
