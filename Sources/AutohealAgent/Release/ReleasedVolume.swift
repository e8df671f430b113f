import AutohealHost
import AutohealPlan
import AutohealRun
import Logging
import Synchronization

/// A volume that is to be released, by what the last run said of it.
struct ReleasedVolume: Sendable {
    var report: Report

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

/// How the release of a volume, or of a chain of them, ended: what was released may have lost something all the same.
struct ReleaseEnd: Sendable {
    let status: ExitStatus
    let isReleased: Bool
}

/// How the chains of a release ended, those that have.
final class ReleaseResults: Sendable {
    private let ends = Mutex([Int: ReleaseEnd]())

    var count: Int { ends.withLock { $0.count } }
    var all: [Int: ReleaseEnd] { ends.withLock { $0 } }

    func put(_ end: ReleaseEnd, at index: Int) { ends.withLock { $0[index] = end } }
}
