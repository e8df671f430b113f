import ArgumentParser
import AutohealCore
import AutohealHost
import Glibc

struct MountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Wait for the volume, format it if it is provably blank, check it, mount it, grow it.",
        discussion: """
            Running it again changes nothing and exits with 0. Nothing overrides a refusal: it says what was found and \
            what to do.

              autoheal-agent mount --device /dev/xvdb --volume-id vol-0123456789abcdef0 --mount-point /data

            Every log line names the volume and, once the metadata service has answered, the instance.
            """
    )

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags

    // On the main thread, which may block: the pool stays free for the metadata service's answers.
    @MainActor
    func run() async throws {
        let spec = try volume.spec()
        guard geteuid() == 0 else {
            Main.complain("autoheal-agent: mounting needs root: run it with sudo, or as a service.")
            throw ExitCode(ExitStatus.noPermission.rawValue)
        }
        let run = RunContext(logging: logging)
        throw ExitCode(await run.mount(spec).rawValue)
    }
}
