import AutohealCore
import FoundationEssentials
import Glibc
import Logging
import SystemPackage

/// Makes the file system on a device that the planner found blank: marker, mkfs, a second look, marker gone.
struct Formatter: Sendable {
    let device: LockedDevice
    let toolDirectories: [String]
    let logger: Logger

    private var node: String { device.device.node }

    func format(_ request: Step.Format, volumeID: VolumeID?) async throws(VolumeError) {
        // Whatever may be missing is found missing before the first byte is written.
        let mkfs = try Tool("mkfs.ext4", in: toolDirectories)
        let owner = try request.owner.map(Ownership.init(named:))
        let reader = try reader()
        guard let offset = IntentMarker.offset(deviceSize: reader.size) else {
            throw .refused(.deviceTooSmall(size: reader.size))
        }
        let marker =
            request.resuming
            ?? IntentMarker(
                filesystemUUID: request.uuid,
                time: Int64(time(nil)),
                deviceSize: reader.size,
                volumeID: volumeID
            )
        if request.resuming == nil { try write(marker.bytes, at: offset) }

        let (status, output) = try await mkfs.run(
            Self.arguments(request, owner: owner) + [device.path],
            on: device,
            logger: logger
        )
        guard status == 0 else {
            let cause = status.map { "exit code \($0): \(output)" } ?? "it was killed: \(output)"
            throw failure("mkfs.ext4", cause)
        }
        let isThere: Bool
        do throws(ReadError) {
            isThere = try ContentReader(reader).holdsExt4(request.uuid)
        } catch {
            throw failure("read back", "\(error)")
        }
        guard isThere else {
            throw failure("read back", "mkfs.ext4 succeeded, but its file system is not on the device")
        }
        try await finish(marker, mode: request.mode)
    }

    /// What follows a mkfs that succeeded, in this run or in one that was killed: the mode, then the marker goes.
    func finish(_ marker: IntentMarker, mode: UInt16?) async throws(VolumeError) {
        if let mode {
            // Before the first mount, so that the root directory never has another mode; mke2fs learnt it in 1.47.1 only.
            let debugfs = try Tool("debugfs", in: toolDirectories)
            let octal = "0" + String(UInt16(S_IFDIR) | mode, radix: 8)
            let (status, output) = try await debugfs.run(
                ["-w", "-R", "set_inode_field <2> mode \(octal)", device.path],
                on: device,
                logger: logger
            )
            guard status == 0 else { throw failure("debugfs", output) }
        }
        let reader = try reader()
        let isStillThere: Bool
        do throws(ReadError) {
            isStillThere = try ContentReader(reader).marker() == marker
        } catch {
            throw failure("read", "\(error)")
        }
        guard isStillThere, let offset = IntentMarker.offset(deviceSize: reader.size) else { return }
        try write([UInt8](repeating: 0, count: IntentMarker.blockSize), at: offset)
    }

    /// The lazy options leave unwritten what a blank device reads as zeros anyway: on 1 TiB 15 MiB are written instead of
    /// 2063. Where the device is not known to be blank, the journal is zeroed: after a crash, recovery goes on from the new
    /// transactions to older ones that happen to lie behind them with the next number. Without metadata_csum it replays
    /// those; with it, their checksums, seeded with the old UUID, make the kernel refuse to mount until e2fsck has run
    /// (both measured, Linux 6.18).
    static func arguments(_ request: Step.Format, owner: Ownership?) -> [String] {
        var extended = ["nodiscard", "lazy_itable_init=1", "lazy_journal_init=\(request.isBlank ? 1 : 0)"]
        if let owner { extended.append("root_owner=\(owner.user):\(owner.group)") }
        extended += request.options.extended
        var arguments = ["-q", "-U", request.uuid.text, "-E", extended.joined(separator: ",")]
        if let label = request.label { arguments += ["-L", label] }
        return arguments + request.options.arguments
    }

    private func reader() throws(VolumeError) -> DeviceReader {
        do throws(Errno) { return try DeviceReader(device.descriptor) } catch { throw failure("examine", "\(error)") }
    }

    /// Writes a block and makes sure that the device has it (fsync(2)).
    private func write(_ block: [UInt8], at offset: UInt64) throws(VolumeError) {
        do {
            try device.descriptor.writeAll(toAbsoluteOffset: Int64(offset), block)
            guard fsync(device.descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            throw .failed(
                HostError(
                    "write the intent marker to",
                    node,
                    .text("\(error)"),
                    exitStatus: .ioError,
                    advice: "Look at the kernel log."
                )
            )
        }
    }

    private func failure(_ operation: String, _ cause: String) -> VolumeError {
        .failed(
            HostError(
                operation,
                node,
                .text(cause),
                exitStatus: .cannotCreate,
                advice: "The volume holds no data yet; the next run finishes the format."
            )
        )
    }
}
