import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import Glibc
import SystemPackage

/// The entry: whatever goes wrong becomes an exit code.
@main
enum Main {
    @MainActor
    static func main() async {
        do throws(HostError) { try Reserve.check(volumes: 1) } catch {
            complain("autoheal-agent: \(error.reason)")
            exit(MountHelper.isCalled ? MountHelper.Exit.system.rawValue : error.exitStatus.rawValue)
        }
        // The language's runtime takes the arguments from there; without them every command would be taken for --help.
        guard !CommandLine.arguments.isEmpty else {
            complain("autoheal-agent: /proc/self/cmdline cannot be read. Is proc mounted at /proc? Nothing was done.")
            exit(ExitStatus.osError.rawValue)
        }
        if MountHelper.isCalled { await MountHelper.answer() }
        do {
            var command = try AgentCommand.parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            AgentCommand.exit(withError: error)
        }
    }

    /// - Throws: the exit code of a missing permission, which is said.
    static func requireRoot(for doing: String) throws {
        guard geteuid() == 0 else {
            complain("autoheal-agent: \(doing) needs root: run it with sudo, or as a service.")
            throw ExitCode(ExitStatus.noPermission.rawValue)
        }
    }

    /// Says on standard error, for a person, what may have words of a disk or a file in it.
    static func complain(_ text: String) {
        let text = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
            .joined(separator: "\n")
        _ = try? FileDescriptor.standardError.writeAll(Array("\(text)\n".utf8))
    }
}
