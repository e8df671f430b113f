package import AutohealSpec

/// Everything the planner needs to know of the machine, read in one go under the lock.
package struct VolumeState: Hashable, Sendable {
    package var device: DeviceState
    package var mountPoint: MountPointState

    package init(device: DeviceState, mountPoint: MountPointState) {
        self.device = device
        self.mountPoint = mountPoint
    }
}

/// An opened device.
package struct DeviceState: Hashable, Sendable {
    package var node: String
    package var number: DeviceNumber
    /// Bytes (BLKGETSIZE64).
    package var size: UInt64
    /// Bytes, as sysfs counts them: differs from `size` only while something is wrong.
    package var kernelSize: UInt64
    package var isReadOnly: Bool
    /// The EBS volume that the device says it is.
    package var volumeID: VolumeID?
    package var use: DeviceUse
    /// nil if it was not read, because something else uses the device.
    package var content: DeviceContent?

    package init(
        node: String,
        number: DeviceNumber,
        size: UInt64,
        kernelSize: UInt64? = nil,
        isReadOnly: Bool = false,
        volumeID: VolumeID? = nil,
        use: DeviceUse = .free,
        content: DeviceContent?
    ) {
        self.node = node
        self.number = number
        self.size = size
        self.kernelSize = kernelSize ?? size
        self.isReadOnly = isReadOnly
        self.volumeID = volumeID
        self.use = use
        self.content = content
    }
}

/// Who else uses a device.
package enum DeviceUse: Hashable, Sendable {
    case free
    /// Mounted, and not (only) where the specification wants it.
    case mounted(at: [String])
    /// Other block devices sit on it (device mapper, md); their kernel names.
    case held(by: [String])
    case swap
    /// An exclusive open answers EBUSY, and nothing of this mount namespace says why; processes that have it open.
    case exclusivelyOpen(by: [String])
    /// Mounted where this program cannot see it: the places there, and processes that can.
    case mountedInNamespace(at: [String], processes: [String])

    package static let exclusivelyOpen = DeviceUse.exclusivelyOpen(by: [])

    /// Programs of e2fsprogs that end by themselves, as /proc names them: an earlier run's, which was killed, or a person's.
    private static let passing = ["e2fsck", "fsck.ext4", "mke2fs", "mkfs.ext4", "resize2fs"]

    /// Whether the device is held by a program that will let go of it.
    package var isPassing: Bool {
        guard case .exclusivelyOpen(let processes) = self else { return false }
        return processes.contains { process in Self.passing.contains { process.hasSuffix("(\($0))") } }
    }
}

/// What is at the mount point.
package enum MountPointState: Hashable, Sendable {
    case absent
    /// A directory that nothing is mounted on; protected means immutable (chattr +i).
    case directory(isEmpty: Bool, isProtected: Bool)
    /// Something that no file system can be mounted on; the kind in words.
    case notDirectory(kind: String)
    /// The topmost mount.
    case mounted(Mount)

    package struct Mount: Hashable, Sendable {
        package var source: String
        package var number: DeviceNumber
        /// The path inside the file system that is visible; `/` unless it is a bind mount or a subvolume.
        package var root: String
        package var type: FilesystemType
        package var isReadOnly: Bool
        /// Bytes of the mounted file system, where the agent can tell (ext4, xfs).
        package var filesystemSize: UInt64?
        /// What is wrong with it, as far as that can be seen from outside.
        package var fault: Fault?
        /// What the kernel counted of an ext4 in its superblock; nil for other types, and where it does not tell.
        package var errorCount: UInt64?
        /// Known of a faulty mount only, and only where the kernel tells.
        package var filesystemUUID: String?
        /// Known of a faulty mount only: the volume that an earlier run of this boot mounted there from that device.
        package var volumeID: VolumeID?
        /// For an autofs: the entry of fstab(5) of this mount point.
        package var fstabEntry: String?

        package enum Fault: Hashable, Sendable {
            /// The machine has no such device any more: what is mounted can never be read or written again.
            case deviceGone
            /// The device is there, and has size 0.
            case deviceEmpty
            /// The root directory cannot be looked at (EIO).
            case unreadable
            /// Writes fail since an error; the mount may still say that it is writable.
            case journalAborted
        }

        package init(
            source: String,
            number: DeviceNumber,
            root: String = "/",
            type: FilesystemType,
            isReadOnly: Bool = false,
            filesystemSize: UInt64? = nil
        ) {
            self.source = source
            self.number = number
            self.root = root
            self.type = type
            self.isReadOnly = isReadOnly
            self.filesystemSize = filesystemSize
        }
    }
}
