import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import FoundationEssentials
import Logging

struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Show what is on a device or an image file; change nothing.",
        discussion: """
            Reads superblocks, partition tables and, where libblkid finds nothing, the bytes that mount would look at. \
            Exits with 0 if the device could be read, whatever is on it. An image file needs no root.
            """
    )

    @Option(help: "A device, by any of its names, or an image file.")
    var device: String

    @Flag(help: "Print JSON.")
    var json = false

    // On the main thread, which may block.
    @MainActor
    func run() async throws {
        let inspection: DeviceInspection
        do throws(VolumeError) {
            inspection = try await DeviceInspection(
                path: device,
                logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() }
            )
        } catch {
            let outcome = Outcome.stopped(error)
            Main.complain("autoheal-agent: \(device): \(outcome.reason)")
            throw ExitCode(outcome.exitStatus.rawValue)
        }
        let listing = ProbeListing(inspection)
        print(json ? try listing.json() : listing.text)
        throw ExitCode(listing.exitStatus.rawValue)
    }
}
