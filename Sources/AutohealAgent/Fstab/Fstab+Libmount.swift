import AutohealHost
import ConfigurationFile
import Libmount
import SystemPackage

extension Fstab {
    static var path: String { MountTable.fstab }

    /// The machine's, or what LIBMOUNT_FSTAB names (mount(8)); empty if there is none.
    static func read() throws(ConfigurationFileError) -> Fstab {
        let file = path
        do throws(Errno) {
            let table = try MountTable(fstab: file)
            return Fstab(
                file: file,
                entries: try table.entries.map { entry throws(Errno) in try FstabEntry(entry) },
                unreadableLines: table.unreadableLines
            )
        } catch {
            guard error != .noSuchFileOrDirectory else { return Fstab(file: file, entries: []) }
            throw ConfigurationFileError(file: file, cause: .unreadable(error))
        }
    }
}

extension FstabEntry {
    fileprivate init(_ entry: MountEntry) throws(Errno) {
        self.init(
            spec: entry.source,
            // As systemd names the unit, and mount(8) tells its helper; others' may hang.
            mountPoint: entry.type.hasPrefix(FstabEntry.type) ? canonicalMountPoint(entry.target) : entry.target,
            type: entry.type,
            options: entry.options,
            passedOptions: try Libmount.passedOptions(entry.options),
            passNumber: entry.passNumber
        )
    }
}
