package import AutohealPlan
package import AutohealState
package import SystemPackage

/// Something that is wrong with a volume now.
package enum VolumeFault: Hashable, Sendable {
    case notMounted
    /// Something else is mounted on top.
    case otherDevice(source: String, number: DeviceNumber)
    /// The mount point shows a part of the file system.
    case otherRoot(String)
    case deviceGone
    case controllerNotLive(state: String)
    /// The file system answers with errors only.
    case shutDown
    /// Every write fails, although the mount may still say that it is writable.
    case journalAborted(since: UInt64?)
    case readOnly
    /// It was to be read-only.
    case readWrite
    case readFailed(Errno)
    case readHangs(Duration)
    case readSlow(Duration)
    /// Errors since it was mounted; reading and writing still go on.
    case errorsRecorded(new: UInt64, since: UInt64?)
    /// Errors that were there when it was mounted, or of which it is not known since when; no check has cleared them.
    case oldErrors(UInt64)
    case full
    case noInodes
    case nearlyFull(SpaceUsage)
    case fewInodes(SpaceUsage)
    /// Bytes.
    case smallerThanDevice(filesystem: UInt64, device: UInt64)

    /// The name in what machines read.
    package var name: String {
        switch self {
        case .notMounted: "not-mounted"
        case .otherDevice: "other-device"
        case .otherRoot: "other-root"
        case .deviceGone: "device-gone"
        case .controllerNotLive: "controller-not-live"
        case .shutDown: "shut-down"
        case .journalAborted: "journal-aborted"
        case .readOnly: "read-only"
        case .readWrite: "read-write"
        case .readFailed: "read-failed"
        case .readHangs: "read-hangs"
        case .readSlow: "read-slow"
        case .errorsRecorded: "errors-recorded"
        case .oldErrors: "old-errors"
        case .full: "full"
        case .noInodes: "no-inodes"
        case .nearlyFull: "nearly-full"
        case .fewInodes: "few-inodes"
        case .smallerThanDevice: "smaller-than-device"
        }
    }

    /// ``ExitStatus/ok`` for what a volume can be used with all the same.
    package var status: ExitStatus {
        switch self {
        case .notMounted, .otherDevice, .otherRoot: .unavailable
        case .deviceGone, .controllerNotLive, .shutDown, .journalAborted, .readFailed, .readHangs: .ioError
        case .readOnly, .readWrite: .osError
        case .full, .noInodes: .cannotCreate
        case .readSlow, .errorsRecorded, .oldErrors, .nearlyFull, .fewInodes, .smallerThanDevice: .ok
        }
    }

    /// Whether another instance, which attaches the volume, checks it and mounts it anew, could be without this fault. One
    /// that is full would be as full there.
    package var isCuredByReplacement: Bool {
        switch self {
        case .notMounted, .otherDevice, .otherRoot, .deviceGone, .controllerNotLive, .shutDown, .journalAborted,
            .readOnly, .readWrite, .readFailed, .readHangs:
            true
        case .readSlow, .errorsRecorded, .oldErrors, .full, .noInodes, .nearlyFull, .fewInodes, .smallerThanDevice:
            false
        }
    }

    /// When it began, in seconds since 1970, where the kernel knows it.
    package var since: UInt64? {
        switch self {
        case .journalAborted(let since), .errorsRecorded(_, let since): since
        default: nil
        }
    }
}
