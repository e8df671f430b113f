import AutohealHost
import AutohealPlan
import AutohealRun
import SystemPackage

extension RunContext {
    /// What a person released, a person takes back; of an instance that ends nothing can be.
    ///
    /// - Returns: the mount points that had been handed over.
    func takeBack(_ mountPoints: [String]) throws(HostError) -> [String] {
        guard runtimeDirectory.handOver != nil else { return [] }
        let taken: [String]
        do throws(Errno) {
            guard let hold = try runtimeDirectory.holdHandOver() else {
                throw Errno.resourceTemporarilyUnavailable
            }
            taken = try hold.takeBack(mountPoints)
        } catch {
            throw HostError(
                "take the volumes back in",
                runtimeDirectory.path,
                error == .resourceTemporarilyUnavailable ? .text("a release is at work") : .errno(error),
                exitStatus: error == .resourceTemporarilyUnavailable ? .temporaryFailure : .cannotCreate,
                advice: "Nothing was mounted. Run it again once that is over."
            )
        }
        if let refusal = runtimeDirectory.handOver?.refusal {
            throw HostError("mount", "the volumes", .text(refusal), exitStatus: .unavailable)
        }
        return taken
    }
}
