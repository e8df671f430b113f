import ArgumentParser
import AutohealCore
import AutohealHost
import FoundationEssentials

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what the last run did and whether it still holds.",
        discussion: """
            Exits with 0 only if every volume is mounted now, from the right device, read-write unless it was asked to be \
            read-only: fit for a health check. Before the first run it exits with 66.
            """
    )

    @Option(help: "Only the volume at this mount point.")
    var mountPoint: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        // As the configuration takes it, with slashes to spare.
        let wanted = mountPoint.map { "/" + $0.split(separator: "/").joined(separator: "/") }
        let directory = RuntimeDirectory(environment: ProcessInfo.processInfo.environment)
        let volumes = directory.reports()
            .filter { [$0.mountPoint, nil].contains(wanted) }
            .map(VolumeStatus.init)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(volumes), as: UTF8.self))
        } else {
            for volume in volumes { print(volume.text) }
        }
        guard !volumes.isEmpty else {
            Main.complain("autoheal-agent: no run has left a report in \(directory.path).")
            throw ExitCode(ExitStatus.noInput.rawValue)
        }
        throw ExitCode((volumes.map(\.status).first { $0 != .ok } ?? .ok).rawValue)
    }
}
