import AutohealPlan
import AutohealSpec

extension VolumeFault {
    /// A complete sentence.
    package var reason: String {
        switch self {
        case .notMounted: "Nothing is mounted at the mount point any more."
        case .otherDevice(let source, let number): "The mount point shows another device: \(source) (\(number))."
        case .otherRoot(let root): "The mount point shows \(root) of the file system, not all of it."
        case .deviceGone: "The device is gone from the machine."
        case .controllerNotLive(let state): "The disk's controller says '\(state)' instead of 'live'."
        case .shutDown: "The file system answers with errors only: the kernel has shut it down."
        case .journalAborted: "The journal was aborted after an error: every write fails."
        case .readOnly: "The file system has become read-only."
        case .readWrite: "The file system is writable, and it was to be read-only."
        case .readFailed(let errno): "A read from the device fails: \(errno)."
        case .readHangs(let time): "A read from the device has not come back for \(seconds(time)) s."
        case .readSlow(let time): "A read from the device took \(seconds(time)) s."
        case .errorsRecorded(let count, _):
            "The kernel has met \(count) error\(count == 1 ? "" : "s") in the file system since it was mounted."
        case .oldErrors(let count):
            "The file system remembers \(count) error\(count == 1 ? "" : "s") that no check has cleared."
        case .full: "The file system is full."
        case .noInodes: "The file system has no inodes left: no file can be created."
        case .nearlyFull(let space):
            "The file system is nearly full: \(describe(bytes: space.bytesFree)) of \(describe(bytes: space.bytes)) are free."
        case .fewInodes(let space):
            "The file system has few inodes left: \(space.inodesFree) of \(space.inodes)."
        case .smallerThanDevice(let filesystem, let device):
            "The file system has \(describe(bytes: filesystem)), its device \(describe(bytes: device))."
        }
    }

    /// What to do, in complete sentences.
    package var advice: String {
        switch self {
        case .notMounted:
            "Restart autoheal-agent.service ('systemctl restart autoheal-agent'), which mounts it; for a line of /etc/fstab, start "
                + "its mount unit, or 'mount' it."
        case .readWrite: "Find out who remounted it; 'mount -o remount,ro MOUNT-POINT' makes it read-only again."
        case .otherDevice, .otherRoot: "Find out who mounted that, unmount it, and restart autoheal-agent.service."
        case .deviceGone:
            "Attach the volume again and restart autoheal-agent.service, or replace the instance."
        case .controllerNotLive, .readFailed, .readHangs, .readSlow:
            "Look at the kernel log and at the volume's status checks in EC2; a new instance attaches it anew."
        case .shutDown, .journalAborted, .readOnly:
            "Stop what uses it, unmount it and restart autoheal-agent.service, which checks and mounts it, or replace the "
                + "instance; the kernel log says why it happened."
        case .errorsRecorded, .oldErrors:
            "Plan a reboot or a new instance: unless check is off, e2fsck runs before the next mount; the kernel log says what "
                + "it was."
        case .full, .nearlyFull:
            "Make room, or enlarge the volume: the watcher grows the file system then, or 'autoheal-agent grow' does."
        case .noInodes, .fewInodes: "Remove files; enlarging the volume and its file system adds inodes too."
        case .smallerThanDevice:
            "'autoheal-agent grow' grows it while it is mounted, as the watcher has it done unless grow is off."
        }
    }

    private func seconds(_ duration: Duration) -> Int { Int(duration / .seconds(1)) }
}
