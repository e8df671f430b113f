import AutohealCore
import CLinux
import Glibc
import Libmount

/// Who uses a device outside of what this mount namespace shows, as far as /proc tells (proc(5)).
struct DeviceUsers {
    private let roots: MachineRoots

    init(roots: MachineRoots) { self.roots = roots }

    func use(of number: DeviceNumber) -> DeviceUse {
        let processes = names(in: roots.proc).filter { Int32($0) != nil }
        let own = namespace(of: "self")
        let apart = Dictionary(grouping: processes) { namespace(of: $0) }
        for (namespace, members) in apart.sorted(by: { $0.key ?? "" < $1.key ?? "" }) {
            guard let namespace, namespace != own else { continue }
            let places = members.lazy.map { self.places(of: number, seenBy: $0) }.first { !$0.isEmpty } ?? []
            if !places.isEmpty {
                return .mountedInNamespace(at: places, processes: ProcessList.text(members, roots: roots))
            }
        }
        let ownProcess = "\(getpid())"
        return .exclusivelyOpen(
            by: ProcessList.text(processes.filter { $0 != ownProcess && hasOpen(number, $0) }, roots: roots)
        )
    }

    /// The identity of a mount namespace, nil if the process is gone or is not to be looked at.
    private func namespace(of process: String) -> String? { linkTarget("\(roots.proc)/\(process)/ns/mnt") }

    private func places(of number: DeviceNumber, seenBy process: String) -> [String] {
        guard let table = try? MountTable(mountInfo: "\(roots.proc)/\(process)/mountinfo") else { return [] }
        let mountPoint = MountPoint(path: "/", roots: roots)
        return table.entries.filter { mountPoint.deviceNumber(of: $0) == number }.map(\.target)
    }

    private func hasOpen(_ number: DeviceNumber, _ process: String) -> Bool {
        let directory = "\(roots.proc)/\(process)/fd"
        return names(in: directory).contains { name in
            var information = stat()
            guard stat("\(directory)/\(name)", &information) == 0, information.st_mode & S_IFMT == S_IFBLK else {
                return false
            }
            let device = information.st_rdev
            return number == DeviceNumber(major: clinux_major(device), minor: clinux_minor(device))
        }
    }
}
