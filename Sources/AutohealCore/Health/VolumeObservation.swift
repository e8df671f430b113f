package import AutohealState
package import SystemPackage

/// What one look at a mounted volume saw.
package struct VolumeObservation: Hashable, Sendable {
    package var mountPoint: Observed<MountPointState>
    /// Bytes, as the kernel counts them; 0 for a device that is gone.
    package var deviceSize: Observed<UInt64>
    /// What the controller of an NVMe disk says of itself; `live` is good. nil for other disks.
    package var controllerState: Observed<String>?
    /// nil for a type whose errors the kernel does not count.
    package var errors: Observed<FilesystemErrors>?
    package var read: Observed<ReadProbe>
    package var space: Observed<SpaceUsage>

    package init(
        mountPoint: Observed<MountPointState>,
        deviceSize: Observed<UInt64>,
        controllerState: Observed<String>? = nil,
        errors: Observed<FilesystemErrors>? = nil,
        read: Observed<ReadProbe>,
        space: Observed<SpaceUsage>
    ) {
        self.mountPoint = mountPoint
        self.deviceSize = deviceSize
        self.controllerState = controllerState
        self.errors = errors
        self.read = read
        self.space = space
    }
}

/// What the kernel has counted of an ext4 in its superblock (kernel: Documentation/ABI/testing/sysfs-fs-ext4).
package struct FilesystemErrors: Hashable, Sendable, Codable {
    /// Of its whole life, until e2fsck clears it.
    package var count: UInt64
    /// When the first of those was met, in seconds since 1970.
    package var firstTime: UInt64?
    /// The kernel's function that met the last one.
    package var lastFunction: String?

    package init(count: UInt64, firstTime: UInt64? = nil, lastFunction: String? = nil) {
        self.count = count
        self.firstTime = firstTime
        self.lastFunction = lastFunction
    }

    /// The function in which a write notices that the journal was aborted before.
    private static let journalCheck = "ext4_journal_check_start"

    package var tellsOfAbortedJournal: Bool { lastFunction == Self.journalCheck }
}

/// One small read past the page cache.
package enum ReadProbe: Hashable, Sendable {
    case answered(in: Duration)
    case failed(Errno)
    /// It has not come back yet.
    case waiting(Duration)
}

/// statvfs(3).
package struct SpaceUsage: Hashable, Sendable {
    /// Bytes; free means free for everybody.
    package var bytes: UInt64
    package var bytesFree: UInt64
    /// 0 and 0 for a type that has no limit of inodes.
    package var inodes: UInt64
    package var inodesFree: UInt64

    package init(bytes: UInt64, bytesFree: UInt64, inodes: UInt64, inodesFree: UInt64) {
        self.bytes = bytes
        self.bytesFree = bytesFree
        self.inodes = inodes
        self.inodesFree = inodesFree
    }
}

/// What a look saw, or why it could not see it: what is unknown counts neither as good nor as bad.
package enum Observed<Value: Hashable & Sendable>: Hashable, Sendable {
    case known(Value)
    /// The cause, in words.
    case unknown(String)

    package var value: Value? { if case .known(let value) = self { value } else { nil } }

    fileprivate var cause: String? { if case .unknown(let cause) = self { cause } else { nil } }
}

extension Observed {
    /// A line for people, if it is unknown.
    func unknown(_ subject: String) -> [String] { cause.map { ["\(subject): \($0)"] } ?? [] }
}
