import AutohealSpec
package import AutohealState

/// What an operator reads: what was found, then what to do. Never names the device; the line does.
extension Refusal {
    package var reason: String {
        switch self {
        case .deviceAbsent(let seen):
            "The device did not appear before the deadline; block devices present: \(Self.list(seen))."
        case .notABlockDevice(let kind): "The path is \(kind), not a block device."
        case .wrongVolume(let node, let found): "\(node) has the name, but is volume \(found)."
        case .instanceStore(let node): "\(node) is instance storage, whose data dies with the instance."
        case .otherAttachment(let node, let name): "The path leads to \(node), which is attached as \(name)."
        case .severalDevices(let nodes): "More than one device fits: \(nodes.joined(separator: ", "))."
        case .partitionAbsent(let disk, let number):
            "\(disk) is the disk that is meant, but has no partition \(number)."
        case .deviceEmpty: "The device has size 0."
        case .deviceTooSmall(let size):
            "The device has \(describe(bytes: size)); a file system needs \(describe(bytes: VolumeSpec.minimumSize))."
        case .sizesDiffer(let device, let kernel):
            "The device says it has \(device) bytes, the kernel says \(kernel)."
        case .deviceReadOnly: "The device is read-only."
        case .deviceInUse(let use): Self.text(use)
        case .activeOnAnotherHost(let sentence): "Another host has the file system: \(sentence)"
        case .lockTimeout(let holder): "\(holder) is locked, and was not released before the deadline."
        case .mountPointNotADirectory(let kind): "The mount point is \(kind), not a directory."
        case .mountPointOccupied(let mount):
            "The mount point already shows \(mount.source) (\(mount.type), device \(mount.number), root \(mount.root))."
        case .automount(let entry):
            "The mount point is an automount, which mounts "
                + (entry.map { "at its first use what /etc/fstab says: '\($0)'." }
                    ?? "something at its first use (autofs).")
        case .deadMount(let mount, let node, let isSame, let users): Self.text(mount, node, isSame, users)
        case .systemDirectory(let path): "The mount point leads to \(path), a directory of the system."
        case .mountedReadOnly: "The device is mounted at the mount point, but read-only."
        case .mountedReadWrite: "The device is mounted at the mount point read-write, and options ask for ro."
        case .unreadable(let errno, let offset):
            "The device cannot be read\(offset.map { " at offset \($0)" } ?? ""): \(errno)."
        case .shortRead(let offset): "The device ends at offset \(offset), before its own size."
        case .ambivalent(let signatures):
            "The device has signatures that contradict each other: \(signatures.map(Self.text).joined(separator: "; "))."
        case .partitionTable(let table): "The device has a partition table: \(Self.text(table))."
        case .notAFilesystem(let signature):
            "The device holds \(Self.text(signature)), which is not a file system but \(Self.usage(signature.usage))."
        case .damaged(.badChecksum(let type)): "The device holds a \(type) superblock whose checksum is wrong."
        case .damaged(.lostSuperblock(let offset, let blockSize)):
            "The device has no primary superblock, but a backup of an ext file system at offset \(offset) "
                + "(block size \(blockSize))."
        case .unknownData(let offset, let trace):
            "Nothing is recognised on the device, but it is not blank: there is data at offset \(offset)."
                + Self.text(trace)
        case .formattingForbidden: "Nothing is recognised on the device, and the policy is never to format."
        case .kernelNameAlone(let name, let found):
            "The device holds no file system, and \(name) may be another disk at the next boot: by such a name alone nothing "
                + "is formatted" + (found.map { ". It is volume \($0) now." } ?? ".")
        case .notProvenBlank: "Nothing is recognised on the device, but it was not proven blank."
        case .nothingToMountReadOnly:
            "The device holds no file system, and options ask for ro, with which nothing is written."
        case .filesystemLargerThanDevice(let size, let device):
            "The file system is larger than its device: it was made for \(size) bytes (\(describe(bytes: size))), "
                + "the device has \(device) (\(describe(bytes: device)))."
        case .otherType(let found, let wanted): "The device holds \(found), but \(wanted) is required."
        case .otherLabel(let found, let wanted):
            "The file system is labelled \(found.map { "'\($0)'" } ?? "not at all"), but '\(wanted)' is required."
        case .uncorrectedErrors(let code): "e2fsck left errors uncorrected (exit code \(code))."
        }
    }

    package var advice: String {
        switch self {
        case .deviceAbsent:
            "Look whether the volume is attached to this instance and under which name; raise tries if it comes later."
        case .notABlockDevice: "Remove what is at the path, or name the right device."
        case .wrongVolume, .otherAttachment: "Attach the right volume, or correct device or volume-id."
        case .instanceStore: "Name the EBS volume, best by volume-id."
        case .severalDevices: "Name the volume by volume-id."
        case .partitionAbsent: "Name the disk itself, without the number, or make the partition."
        case .deviceEmpty, .sizesDiffer:
            "Look at the attachment and the kernel log; try again when the device is ready."
        case .deviceTooSmall: "Use a larger volume."
        case .deviceReadOnly: "Make the device writable, or mount with options ro."
        case .deviceInUse(let use) where use.isPassing:
            "That program ends by itself, as the check of a run that was killed does: run again when it has."
        case .deviceInUse: "Unmount or release the device, or correct device."
        case .activeOnAnotherHost:
            "Detach the volume from the other host, then try again. Only if no host has it (one that died left the mark): "
                + "'tune2fs -f -E clear_mmp DEVICE'."
        case .lockTimeout: "Wait for the other program (fuser names it), then try again."
        case .mountPointNotADirectory, .mountPointOccupied:
            "Move or unmount what is there, or choose another mount-point."
        case .automount(let entry):
            entry == nil
                ? "Stop the automount, or choose another mount-point."
                : "Leave the volume to one of the two: take that line out of /etc/fstab, then run 'systemctl daemon-reload' and "
                    + "stop the automount unit (systemd-escape -p --suffix=automount MOUNT-POINT names it)."
        case .deadMount(_, _, _, .some(let users)):
            (users.isEmpty
                ? "Find out who does ('sudo autoheal-agent mount' names it, or fuser -vm MOUNT-POINT), and stop it. "
                : "Stop that. ")
                + "The next run ('systemctl restart autoheal-agent') then unmounts the dead mount and mounts the volume. If it "
                + "cannot be stopped, 'umount -l MOUNT-POINT' detaches the dead mount; what is still open there is lost."
        case .deadMount(let mount, _, _, _) where mount.fault == .journalAborted || mount.fault == .unreadable:
            "Stop what uses it (fuser -vm MOUNT-POINT), unmount it with 'umount MOUNT-POINT', and run again: it is checked "
                + "before it is mounted. 'umount -l' would leave it in use, and the device busy."
        case .deadMount:
            "Stop what uses the old mount (fuser -vm MOUNT-POINT), detach it with 'umount -l MOUNT-POINT', and run again."
        case .systemDirectory: "Choose another mount-point, such as /data."
        case .mountedReadOnly: "Look at the kernel log for file system errors; unmount, check, and try again."
        case .mountedReadWrite: "Unmount it and run again, or run 'mount -o remount,ro MOUNT-POINT'."
        case .unreadable, .shortRead: "Look at the kernel log and the volume's status; nothing was written."
        case .ambivalent: "See 'wipefs DEVICE'; remove the signatures that are left over, with a snapshot at hand."
        case .partitionTable:
            "Name the partition (for example DEVICEp1) if its file system is the data, or give a blank volume."
        case .notAFilesystem:
            "Name the device that is built on it (for example /dev/VG/LV or /dev/mapper/NAME), or give a blank volume."
        case .damaged(.badChecksum(let type)):
            "Take a snapshot, then look with "
                + (FilesystemType(rawValue: type).readOnlyChecker.map { "'\($0) DEVICE'" } ?? "the type's own tool")
                + ", which writes nothing."
        case .damaged(.lostSuperblock(let offset, let blockSize)):
            "Take a snapshot, then try 'e2fsck -b \(offset / UInt64(blockSize)) -B \(blockSize) DEVICE'. If the data may be "
                + "lost, 'blkdiscard -z DEVICE' makes the device blank (wipefs alone leaves backups and data)."
        case .unknownData:
            "If the data may be lost, 'blkdiscard -z DEVICE' makes the device blank (wipefs alone leaves the data), or set "
                + "format to if-no-signature."
        case .kernelNameAlone(_, let found):
            "Set volume-id\(found.map { " = \"\($0)\" if that is the one" } ?? ""), or use the name that EBS gave (/dev/xvdf)."
        case .notProvenBlank: "Set format to if-blank, and run it again."
        case .formattingForbidden: "Give a volume with a file system, or set format to if-blank."
        case .nothingToMountReadOnly: "Give a volume with a file system, or leave ro out of options."
        case .filesystemLargerThanDevice(let size, _):
            "A volume was restored smaller, or an image was cut short: give a volume of at least \(size) bytes with all of "
                + "the data. Run no e2fsck here: it would cut off what lies beyond the end."
        case .otherType, .otherLabel: "Attach the right volume, or correct filesystem or label; nothing is relabelled."
        case .uncorrectedErrors: "Take a snapshot, then repair by hand with 'e2fsck DEVICE'."
        }
    }

    private static func text(_ trace: DeviceContent.FormatTrace?) -> String {
        switch trace {
        case nil: ""
        case .legacyFormat:
            " A format by autoheal-agent 0.1.0 was cut short here; what it wrote cannot be told from other data."
        case .thisFormat: " A format was cut short here, but this is not what it writes there."
        case .otherFormat(let version):
            " A format was cut short here, and the e2fsprogs of this machine do not make the same file system as those "
                + "that began it (\(version))."
        }
    }

    private static func text(_ mount: MountPointState.Mount, _ node: String, _ isSame: Bool, _ users: [String]?)
        -> String
    {
        let shown = "The mount point still shows \(mount.source) (device \(mount.number))"
        let fault =
            switch mount.fault {
            case .journalAborted: ", whose journal was aborted after an error: every write fails."
            case .unreadable, nil: ", whose file system answers with errors only: the kernel has shut it down."
            case .deviceEmpty: ", which has size 0 now: that mount is dead."
            case .deviceGone: ", which is gone from the machine: that mount is dead."
            }
        let meant =
            if [.unreadable, .journalAborted].contains(mount.fault) {
                ""
            } else if isSame {
                " It is the same volume as \(node): it has come back under another node."
            } else {
                " The device that is meant is \(node) now."
            }
        return shown + fault + meant + (users.map(Self.text(users:)) ?? "")
    }

    private static func text(users: [String]) -> String {
        " The kernel does not unmount it, because it is in use"
            + (users.isEmpty ? "." : ": \(users.joined(separator: ", ")).")
    }

    private static func list(_ devices: [BlockDevice]) -> String {
        devices.isEmpty ? "none" : devices.map(\.summary).joined(separator: ", ")
    }

    private static func text(_ signature: Signature) -> String {
        signature.type + (signature.offset.map { " at offset \($0)" } ?? "")
            + (signature.uuid.map { ", UUID \($0)" } ?? "")
    }

    private static func usage(_ usage: String) -> String {
        switch usage {
        case "raid": "a member of a RAID or volume group"
        case "crypto": "an encrypted container"
        default: "in use by something else (\(usage))"
        }
    }

    private static func text(_ use: DeviceUse) -> String {
        switch use {
        case .free: "The device is not in use."
        case .mounted(let places): "The device is mounted at \(places.joined(separator: ", "))."
        case .held(let holders): "Other devices are built on it: \(holders.joined(separator: ", "))."
        case .swap: "The device is in use as swap."
        case .exclusivelyOpen(let processes):
            "Another program has the device open exclusively."
                + (processes.isEmpty ? "" : " It is open in: \(processes.joined(separator: ", ")).")
        case .mountedInNamespace(let places, let processes):
            "The device is mounted in another mount namespace, at \(places.joined(separator: ", ")); in that namespace run: "
                + "\(processes.joined(separator: ", "))."
        }
    }
}

extension BlockDevice {
    /// One device in a list: `nvme1n1 (16.0 GiB, vol-0123456789abcdef0, xvdb)`.
    package var summary: String {
        let name = node.hasPrefix("/dev/") ? String(node.dropFirst(5)) : node
        let facts =
            [describe(bytes: size), identity.volumeID?.description, identity.ebsDeviceName]
            + (identity.kind == .instanceStore ? ["instance storage"] : [])
        return "\(name) (\(facts.compactMap { $0 }.joined(separator: ", ")))"
    }
}
