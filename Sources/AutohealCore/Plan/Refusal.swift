package import AutohealSpec
package import AutohealState
package import SystemPackage

/// Why nothing is done: an answer, not an error. It is never overridden; the operator changes the machine or the wish.
package enum Refusal: Error, Hashable, Sendable {
    // The device.
    case deviceAbsent(seen: [BlockDevice])
    case notABlockDevice(kind: String)
    case wrongVolume(node: String, found: VolumeID)
    case instanceStore(node: String)
    case otherAttachment(node: String, name: String)
    case severalDevices([String])
    /// The disk is there, but not the partition that the name asks for.
    case partitionAbsent(disk: String, number: Int)
    case deviceEmpty
    case deviceTooSmall(size: UInt64)
    case sizesDiffer(device: UInt64, kernel: UInt64)
    case deviceReadOnly
    case deviceInUse(DeviceUse)
    /// Multi-mount protection (ext4(5), mmp) says so; its sentence.
    case activeOnAnotherHost(String)
    case lockTimeout(holder: String)

    // The mount point.
    case mountPointNotADirectory(kind: String)
    case mountPointOccupied(MountPointState.Mount)
    /// An autofs that nothing has triggered yet; the entry of fstab(5) that it is for, where there is one.
    case automount(fstabEntry: String?)
    /// What is mounted answers nothing any more, or its device is gone; whether `node` is that volume is known where the
    /// kernel tells the UUID of what is mounted, or an earlier run noted the id. Its users are asked for only when the
    /// kernel has refused to unmount it: processes, mounts below it, loop devices; none if they cannot be seen.
    case deadMount(MountPointState.Mount, node: String, isSameVolume: Bool, users: [String]?)
    /// Where symbolic links lead.
    case systemDirectory(String)
    case mountedReadOnly
    case mountedReadWrite

    // The content.
    case unreadable(Errno, offset: UInt64?)
    case shortRead(offset: UInt64)
    case ambivalent([Signature])
    case partitionTable(Signature)
    case notAFilesystem(Signature)
    case damaged(DeviceContent.Damage)
    case unknownData(offset: UInt64, besides: DeviceContent.FormatTrace?)
    case formattingForbidden
    /// A name that the kernel gives anew at every boot, and what it leads to now.
    case kernelNameAlone(name: String, found: VolumeID?)
    case notProvenBlank
    /// Formatting writes, and `ro` asks for no write.
    case nothingToMountReadOnly
    /// Bytes that the file system says it has, and bytes that the device has.
    case filesystemLargerThanDevice(size: UInt64, device: UInt64)
    case otherType(found: FilesystemType, wanted: FilesystemType)
    case otherLabel(found: String?, wanted: String)
    case uncorrectedErrors(exitCode: Int32)

    package var exitStatus: ExitStatus {
        switch self {
        case .deviceAbsent, .notABlockDevice, .partitionAbsent: .noInput
        case .wrongVolume, .instanceStore, .otherAttachment, .severalDevices, .deviceTooSmall, .kernelNameAlone,
            .otherType, .otherLabel, .systemDirectory:
            .configuration
        case .unreadable(let errno, _) where errno.isExhaustion: .temporaryFailure
        case .deviceEmpty, .sizesDiffer, .unreadable, .shortRead: .ioError
        case .deviceReadOnly, .mountedReadOnly, .mountedReadWrite: .osError
        case .deviceInUse(let use) where use.isPassing: .temporaryFailure
        case .deviceInUse, .activeOnAnotherHost, .mountPointNotADirectory, .mountPointOccupied, .automount, .deadMount:
            .unavailable
        case .lockTimeout: .temporaryFailure
        case .ambivalent, .partitionTable, .notAFilesystem, .damaged, .unknownData, .formattingForbidden,
            .notProvenBlank,
            .nothingToMountReadOnly, .filesystemLargerThanDevice, .uncorrectedErrors:
            .dataError
        }
    }
}
