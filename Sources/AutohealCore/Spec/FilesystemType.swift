/// A file system type as the kernel and libblkid name it.
package struct FilesystemType: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package static let ext2 = FilesystemType(rawValue: "ext2")
    package static let ext3 = FilesystemType(rawValue: "ext3")
    package static let ext4 = FilesystemType(rawValue: "ext4")
    package static let xfs = FilesystemType(rawValue: "xfs")
    /// What systemd and automount(8) put where something is mounted at the first use.
    package static let autofs = FilesystemType(rawValue: "autofs")
    package static let btrfs = FilesystemType(rawValue: "btrfs")

    /// Checked by `e2fsck` before it is mounted.
    package var isExt: Bool { [.ext2, .ext3, .ext4].contains(self) }

    /// Grown online by this agent.
    package var canGrow: Bool { isExt || self == .xfs }

    package var description: String { rawValue }
}

extension FilesystemType {
    /// The command of the type's own tools that looks for damage and writes nothing; nil where none is known.
    package var readOnlyChecker: String? {
        switch self {
        case .ext2, .ext3, .ext4: "e2fsck -fn"
        case .xfs: "xfs_repair -n"
        case .btrfs: "btrfs check --readonly"
        default: nil
        }
    }
}
