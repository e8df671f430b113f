import AutohealPlan
import AutohealRun
import AutohealState
import Logging

extension LinuxHost {
    /// e2fsck in preen mode (e2fsck(8), -p): it repairs what is safe to repair, and asks nothing. With `-C 1` it says among
    /// its lines how far it is.
    func check(_ device: LockedDevice, _ logger: Logger) async throws(VolumeError) {
        let tool = try Tool("e2fsck", in: toolDirectories)
        // What it says after a refusal by multi-mount protection is how to write to the device all the same.
        let node = device.device.node
        let path = try device.path()
        let result = try await tool.run(
            ["-p", "-C", "1", path],
            showing: (path, node),
            logger: logger,
            silentAfter: "MMP: ",
            progress: ProgressReport("Checking the file system", name: "check", logger: logger, display: display),
            share: { CheckProgress(line: $0)?.share }
        )
        switch CheckVerdict(exitCode: result.status, lines: result.lines) {
        case .sound: return
        case .uncorrected(let code): throw .refused(.uncorrectedErrors(exitCode: code))
        case .unknownFeature(let sentence):
            throw .skipped(
                HostError(
                    "e2fsck",
                    node,
                    .text(sentence),
                    exitStatus: .osError,
                    advice: "It was made by newer tools than this e2fsck: install a newer e2fsprogs."
                )
            )
        case .activeElsewhere(let sentence): throw .refused(.activeOnAnotherHost(sentence))
        case .inUse(let sentence): throw .superseded("e2fsck: \(sentence)")
        case .failed(let cause):
            throw .failed(
                HostError(
                    "e2fsck",
                    node,
                    .text(cause),
                    exitStatus: .ioError,
                    advice: "Look at the kernel log and run it by hand; nothing was formatted."
                )
            )
        }
    }
}
