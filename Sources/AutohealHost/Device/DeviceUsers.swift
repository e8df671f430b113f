import AutohealState
import CLinux
import Glibc
import Libmount
import SystemPackage

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

    /// Mounts in other namespaces that an unmount in this one does not reach, in words.
    func mountsThatStay(of number: DeviceNumber) -> [String] {
        let processes = names(in: roots.proc).filter { Int32($0) != nil }
        let own = namespace(of: "self")
        let apart = Dictionary(grouping: processes) { namespace(of: $0) }
        return apart.sorted { $0.key ?? "" < $1.key ?? "" }.flatMap { namespace, members -> [String] in
            guard let namespace, namespace != own else { return [] }
            let places = members.lazy.map { placesThatStay(of: number, seenBy: $0) }.first { !$0.isEmpty } ?? []
            guard !places.isEmpty else { return [] }
            let processes = ProcessList.text(members, roots: roots).joined(separator: ", ")
            return ["a mount at \(places.joined(separator: ", ")) that only \(processes) can see"]
        }
    }

    private func placesThatStay(of number: DeviceNumber, seenBy process: String) -> [String] {
        guard let table = try? MountTable(mountInfo: "\(roots.proc)/\(process)/mountinfo") else { return [] }
        let mountPoint = MountPoint(path: "/", roots: roots)
        let entries = table.entries
        return entries.filter { entry in
            mountPoint.deviceNumber(of: entry) == number
                && entries.first { $0.id == entry.parent }?.receivesPropagation != true
        }
        .map(\.target)
    }

    /// Other processes that have a disk, or a part of it, open for writing, and those that cannot be looked at, in words.
    func writers(of disk: DeviceNumber) -> [String] {
        let parts = names(in: "\(roots.sys)/dev/block/\(disk)")
            .compactMap { attribute("\(roots.sys)/dev/block/\(disk)/\($0)/dev").flatMap { DeviceNumber($0) } }
        let numbers = Set(parts + [disk])
        let own = "\(getpid())"
        guard let processes = try? namesOrError(in: roots.proc) else { return ["processes that cannot be seen"] }
        var writers: [String] = []
        var hidden: [String] = []
        for process in processes where Int32(process) != nil && process != own {
            do throws(Errno) {
                let isWriter = try namesOrError(in: "\(roots.proc)/\(process)/fd").contains { descriptor in
                    device("\(roots.proc)/\(process)/fd/\(descriptor)").map(numbers.contains) == true
                        && mayWrite("\(roots.proc)/\(process)/fdinfo/\(descriptor)")
                }
                if isWriter { writers.append(process) }
            } catch {
                // One that has ended meanwhile has nothing open.
                if ![.noSuchFileOrDirectory, .noSuchProcess].contains(error) { hidden.append(process) }
            }
        }
        let unseen = ProcessList.text(hidden, roots: roots).map { "\($0), whose files cannot be seen" }
        return ProcessList.text(writers, roots: roots) + unseen
    }

    /// By the file's flags, in octal (proc_pid_fdinfo(5)); what cannot be read is taken for the worst.
    private func mayWrite(_ file: String) -> Bool {
        let line = attribute(file)?.split(whereSeparator: \.isNewline).first { $0.hasPrefix("flags:") }
        let flags = line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0, radix: 8) }
        return flags.map { $0 & O_ACCMODE != O_RDONLY } ?? true
    }

    private func device(_ path: String) -> DeviceNumber? {
        var information = stat()
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFBLK else { return nil }
        return DeviceNumber(major: clinux_major(information.st_rdev), minor: clinux_minor(information.st_rdev))
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
        return names(in: directory).contains { device("\(directory)/\($0)") == number }
    }
}
