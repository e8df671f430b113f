import AutohealCore
import AutohealHost
import Logging
import Synchronization

/// A volume that is to be released, and what the last run said of it.
struct ReleasedVolume: Sendable {
    let report: Report
    let release: VolumeRelease

    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "volume.device": "\(report.device)", "volume.mount_point": "\(report.mountPoint)",
        ]
        if let id = report.volumeID { metadata["volume.id"] = "\(id)" }
        return metadata
    }

    /// Volumes that are mounted below each other together, the lowest first.
    static func chains(_ volumes: [ReleasedVolume]) -> [[ReleasedVolume]] {
        var chains: [[ReleasedVolume]] = []
        for volume in volumes.sorted(by: { $0.report.mountPoint < $1.report.mountPoint }) {
            let above = chains.firstIndex { chain in
                chain.contains { volume.report.mountPoint.hasPrefix($0.report.mountPoint + "/") }
            }
            if let above { chains[above].insert(volume, at: 0) } else { chains.append([volume]) }
        }
        return chains
    }
}

/// How the chains of a release ended, those that have.
final class ReleaseResults: Sendable {
    private let statuses = Mutex([Int: ExitStatus]())

    var count: Int { statuses.withLock { $0.count } }
    var all: [Int: ExitStatus] { statuses.withLock { $0 } }

    func put(_ status: ExitStatus, at index: Int) { statuses.withLock { $0[index] = status } }
}
