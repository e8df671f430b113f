import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import FoundationEssentials
import Glibc
import Logging
import SystemPackage

/// Has mkfs.ext4 work on the device itself: for the policy `if-no-signature`, which promises no proof. What was there may be
/// overwritten; a run that is cut short leaves nothing to go on from.
struct UnprovenFormatter: Sendable {
    let device: LockedDevice
    let toolDirectories: [String]
    let logger: Logger
    let display: ProgressDisplay?

    private var node: String { device.device.node }

    func format(_ request: Step.Format) async throws(VolumeError) {
        // Whatever may be missing is found missing before the first byte is written.
        let path = try device.path()
        let shown = (path: path, name: node)
        let mkfs = try Tool("mkfs.ext4", in: toolDirectories)
        let debugfs = try request.mode.map { _ throws(VolumeError) in try Tool("debugfs", in: toolDirectories) }
        let owner = try request.owner.map(Ownership.init(named:))
        logger.warning("Formatting a device of which nothing was proven: the policy if-no-signature allows it")
        let result = try await mkfs.run(
            Self.arguments(request, owner: owner) + [path],
            showing: shown,
            logger: logger,
            progress: ProgressReport("Making the file system", name: "format", logger: logger, display: display)
        )
        guard result.succeeded else { throw failure("mkfs.ext4", result.cause) }
        if let debugfs, let mode = request.mode {
            // Before the first mount, so that the root directory never has another mode; mke2fs learnt it in 1.47.1 only.
            let octal = "0" + String(UInt16(S_IFDIR) | mode, radix: 8)
            let result = try await debugfs.run(
                ["-w", "-R", "set_inode_field <2> mode \(octal)", path],
                showing: shown,
                logger: logger
            )
            guard result.succeeded else { throw failure("debugfs", result.cause) }
        }
        let isThere: Bool
        do throws(TransferError) {
            isThere = try ContentReader(reader()).holdsExt4(request.uuid)
        } catch {
            throw failure("read back", "\(error)")
        }
        guard isThere else {
            throw failure("read back", "mkfs.ext4 succeeded, but its file system is not on the device")
        }
    }

    /// The journal is zeroed, because the device may hold an older one: after a crash, recovery goes on from the new
    /// transactions to older ones that happen to lie behind them with the next number. Without metadata_csum it replays
    /// those; with it, their checksums, seeded with the old UUID, make the kernel refuse to mount until e2fsck has run
    /// (both measured, Linux 6.18).
    static func arguments(_ request: Step.Format, owner: Ownership?) -> [String] {
        var extended = ["nodiscard", "lazy_itable_init=1", "lazy_journal_init=0"]
        if let owner { extended.append("root_owner=\(owner.user):\(owner.group)") }
        extended += request.options.extended
        var arguments = ["-q", "-U", request.uuid.text, "-E", extended.joined(separator: ",")]
        if let label = request.label { arguments += ["-L", label] }
        return arguments + request.options.arguments
    }

    private func reader() throws(TransferError) -> DeviceReader {
        do throws(Errno) { return try DeviceReader(device.descriptor) } catch { throw .failed(error, offset: 0) }
    }

    private func failure(_ operation: String, _ cause: String) -> VolumeError {
        .failed(
            HostError(
                operation,
                node,
                .text(cause),
                exitStatus: .cannotCreate,
                advice: "The volume holds no file system now; run it again when the cause is gone."
            )
        )
    }
}
