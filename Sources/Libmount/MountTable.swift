import CLibmount
import Glibc
package import SystemPackage

/// A table of mounts (`struct libmnt_table`), read once.
package struct MountTable: ~Copyable {
    private let table: OpaquePointer
    /// The numbers of lines, from 1, that libmount could not make sense of.
    package let unreadableLines: [Int]

    private final class LineNumbers { var numbers: [Int] = [] }

    /// The mounts of this process's namespace.
    ///
    /// - Parameter path: another file in the format of /proc/self/mountinfo (proc_pid_mountinfo(5)).
    package init(mountInfo path: String = "/proc/self/mountinfo") throws(Errno) {
        errno = 0
        guard let table = mnt_new_table_from_file(path) else { throw errno == 0 ? .ioError : Errno(rawValue: errno) }
        self.table = table
        unreadableLines = []
    }

    /// The active swap areas (/proc/swaps).
    package init(swaps path: String) throws(Errno) {
        guard let table = mnt_new_table() else { throw .noMemory }
        let result = mnt_table_parse_swaps(table, path)
        guard result == 0 else {
            mnt_unref_table(table)
            throw Errno(rawValue: result < 0 ? -result : EIO)
        }
        unreadableLines = []
        self.table = table
    }

    /// Where fstab(5) is: /etc/fstab, or what LIBMOUNT_FSTAB says.
    package static var fstab: String { String(cString: mnt_get_fstab_path()) }

    /// What is to be mounted (fstab(5)); lines that are none are left out, and noted in ``unreadableLines``.
    package init(fstab path: String) throws(Errno) {
        guard let table = mnt_new_table() else { throw .noMemory }
        let lines = LineNumbers()
        mnt_table_set_userdata(table, Unmanaged.passUnretained(lines).toOpaque())
        mnt_table_set_parser_errcb(table) { table, _, line in
            guard let data = mnt_table_get_userdata(table) else { return 1 }
            Unmanaged<LineNumbers>.fromOpaque(data).takeUnretainedValue().numbers.append(Int(line))
            return 1
        }
        let result = withExtendedLifetime(lines) { mnt_table_parse_fstab(table, path) }
        mnt_table_set_userdata(table, nil)
        guard result == 0 else {
            mnt_unref_table(table)
            throw Errno(rawValue: result < 0 ? -result : EIO)
        }
        unreadableLines = lines.numbers
        self.table = table
    }

    deinit { mnt_unref_table(table) }

    /// The topmost mount at exactly this path, which must be canonical.
    package func topmost(at target: String) -> MountEntry? {
        // Backwards: a later mount on the same target hides the earlier one.
        mnt_table_find_target(table, target, Int32(MNT_ITER_BACKWARD)).map(MountEntry.init(filesystem:))
    }

    package var entries: [MountEntry] {
        guard let iterator = mnt_new_iter(Int32(MNT_ITER_FORWARD)) else { return [] }
        defer { mnt_free_iter(iterator) }
        var entries: [MountEntry] = []
        var filesystem: OpaquePointer?
        while mnt_table_next_fs(table, iterator, &filesystem) == 0, let filesystem {
            entries.append(MountEntry(filesystem: filesystem))
        }
        return entries
    }
}
