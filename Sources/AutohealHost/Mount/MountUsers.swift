import AutohealSpec
import Glibc
import Libmount

/// Who keeps a mount busy, as far as /proc and /sys tell (proc(5)). Only links are read, nothing in the mount: a dead file
/// system may not answer.
struct MountUsers {
    let roots: MachineRoots

    /// Processes, mounts below, and loop devices, in words; empty if none can be seen.
    func users(of target: String) -> [String] { processes(target) + mounts(target) + loopDevices(target) }

    private func processes(_ target: String) -> [String] {
        let own = "\(getpid())"
        let users = names(in: roots.proc).filter { Int32($0) != nil && $0 != own }.filter { process in
            let directory = "\(roots.proc)/\(process)"
            return ["cwd", "root", "exe"].contains { isBelow(target, linkTarget("\(directory)/\($0)")) }
                || ["fd", "map_files"].contains { kind in
                    names(in: "\(directory)/\(kind)").contains {
                        isBelow(target, linkTarget("\(directory)/\(kind)/\($0)"))
                    }
                }
        }
        return ProcessList.text(users, roots: roots)
    }

    private func mounts(_ target: String) -> [String] {
        guard let table = try? MountTable(mountInfo: "\(roots.proc)/self/mountinfo") else { return [] }
        return Set(table.entries.map(\.target)).filter { $0 != target && isBelow(target, $0) }.sorted()
            .map { "the mount at \($0.printable)" }
    }

    /// Overlays with a directory below, which keep it in use when it is unmounted.
    func overlays(on target: String) -> [String] {
        guard let table = try? MountTable(mountInfo: "\(roots.proc)/self/mountinfo") else { return [] }
        return table.entries.filter { entry in
            entry.type == "overlay"
                && entry.filesystemOptions.split { ",:=".contains($0) }.contains { isBelow(target, String($0)) }
        }
        .map { "the overlay at \($0.target.printable)" }
    }

    private func loopDevices(_ target: String) -> [String] {
        names(in: "\(roots.sys)/block").filter { $0.hasPrefix("loop") }
            .compactMap { name in
                let file = attribute("\(roots.sys)/block/\(name)/loop/backing_file")
                return file.flatMap { isBelow(target, $0) ? "/dev/\(name) (\($0.printable))" : nil }
            }
    }

    private func isBelow(_ target: String, _ path: String?) -> Bool {
        path.map { $0 == target || $0.hasPrefix(target + "/") } ?? false
    }
}
