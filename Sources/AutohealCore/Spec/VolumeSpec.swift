/// The wish for one volume, checked: every value is one that can be.
package struct VolumeSpec: Hashable, Sendable {
    /// As configured, for example `/dev/xvdb`: a name to find the device by, not yet a node.
    package var device: String
    package var volumeID: VolumeID?
    /// Absolute, without `.` or `..`.
    package var mountPoint: String
    package var tries: Int
    package var interval: Duration
    /// The type that was asked for by name; nil takes what is found and creates ``createdType``.
    package var requiredType: FilesystemType?
    package var label: String?
    package var options: MountOptions
    package var formatPolicy: FormatPolicy
    /// Of the root directory of a new file system, `USER[:GROUP]`, not yet looked up.
    package var owner: String?
    /// Of the root directory of a new file system: permission bits.
    package var mode: UInt16?
    package var grow: Bool
    package var check: Bool
    package var mkfsOptions: MkfsOptions

    /// The one type this agent creates.
    package static let defaultMountPoint = "/data"
    package static let createdType = FilesystemType.ext4
    /// Bytes below which no device is formatted.
    package static let minimumSize: UInt64 = 8 << 20

    /// How long the device may take to appear, from the first look.
    package var deadline: Duration { interval * tries }

    package init(_ settings: VolumeSettings) throws(ConfigurationError) {
        device = try Self.device(settings.device)
        mountPoint = try Self.mountPoint(settings.mountPoint ?? Self.defaultMountPoint)
        volumeID = try settings.volumeID.map { text throws(ConfigurationError) in
            guard let id = VolumeID(text) else {
                throw ConfigurationError(
                    key: "volume-id",
                    found: text,
                    problem: "is not a volume id such as vol-0123456789abcdef0"
                )
            }
            return id
        }
        tries = settings.tries ?? 6
        guard (1...100_000).contains(tries) else {
            throw ConfigurationError(key: "tries", found: "\(tries)", problem: "must be from 1 to 100000")
        }
        let seconds = settings.interval ?? 10
        guard (0...86_400).contains(seconds) else {
            throw ConfigurationError(key: "interval", found: "\(seconds)", problem: "must be from 0 to 86400 seconds")
        }
        interval = .seconds(seconds)
        requiredType = try settings.filesystem.map { text throws(ConfigurationError) in
            guard text == Self.createdType.rawValue else {
                throw ConfigurationError(
                    key: "filesystem",
                    found: text,
                    problem: "cannot be created: it must be ext4. Leave it out to mount whatever the volume holds"
                )
            }
            return Self.createdType
        }
        label = try settings.label.map(Self.label)
        options = try settings.options.map { text throws(ConfigurationError) in try MountOptions(text) } ?? .none
        formatPolicy = try settings.format.map(Self.policy) ?? .ifBlank
        owner = try settings.owner.map(Self.owner)
        mode = try settings.mode.map(Self.mode)
        grow = settings.grow ?? true
        check = settings.check ?? true
        mkfsOptions =
            try settings.mkfsOptions.map { words throws(ConfigurationError) in try MkfsOptions(words: words) } ?? .none
    }
}

/// When a device may be formatted.
package enum FormatPolicy: String, CaseIterable, Sendable, Codable {
    /// Only when nothing is recognised and every byte that a survey reads is zero.
    case ifBlank = "if-blank"
    /// When nothing is recognised, even if other bytes are not zero: for volumes that were used raw and may be lost.
    case ifNoSignature = "if-no-signature"
    case never
}
