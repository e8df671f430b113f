import CLibmount

/// One line of a mount table (`struct libmnt_fs`).
package struct MountEntry: Hashable, Sendable {
    package let source: String
    package let target: String
    /// The path inside the file system that is visible at the target.
    package let root: String
    package let type: String
    /// st_dev of the files in it; for btrfs an anonymous number, not the device's.
    package let device: UInt64
    /// As they are written in the table.
    package let options: String
    /// Of the mount or of the file system underneath, which the kernel may have forced.
    package let isReadOnly: Bool
    /// Of the file system underneath, as the kernel writes them.
    package let filesystemOptions: String
    /// What identifies the mount in its namespace, and the one that it lies in.
    package let id: Int
    package let parent: Int
    /// Whether mounts and unmounts below come here from elsewhere (mount_namespaces(7), "Shared subtrees").
    package let receivesPropagation: Bool
    /// The sixth field of fstab(5).
    package let passNumber: Int

    /// Whether the kernel says so of the file system underneath.
    package func hasFilesystemOption(_ name: String) -> Bool {
        var value: UnsafeMutablePointer<CChar>?
        var length = 0
        return mnt_optstr_get_option(filesystemOptions, name, &value, &length) == 0
    }

    init(filesystem: OpaquePointer) {
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        source = text(mnt_fs_get_source(filesystem))
        target = text(mnt_fs_get_target(filesystem))
        root = text(mnt_fs_get_root(filesystem))
        type = text(mnt_fs_get_fstype(filesystem))
        options = text(mnt_fs_get_options(filesystem))
        filesystemOptions = text(mnt_fs_get_fs_options(filesystem))
        passNumber = Int(mnt_fs_get_passno(filesystem))
        id = Int(mnt_fs_get_id(filesystem))
        parent = Int(mnt_fs_get_parent_id(filesystem))
        var propagation: UInt = 0
        receivesPropagation =
            mnt_fs_get_propagation(filesystem, &propagation) == 0 && propagation & UInt(MS_SHARED | MS_SLAVE) != 0
        device = UInt64(mnt_fs_get_devno(filesystem))
        isReadOnly = [mnt_fs_get_vfs_options(filesystem), mnt_fs_get_fs_options(filesystem)].contains { options in
            guard let options else { return false }
            var value: UnsafeMutablePointer<CChar>?
            var length = 0
            return mnt_optstr_get_option(options, "ro", &value, &length) == 0
        }
    }
}
