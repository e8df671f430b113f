import AutohealSpec
import Glibc

/// Processes in words: `4711 (qemu-nbd)`, the first few.
enum ProcessList {
    /// Processes that are named; the rest is counted.
    private static let named = 5

    static func text(_ processes: [String], roots: MachineRoots) -> [String] {
        let sorted = processes.sorted { Int32($0) ?? 0 < Int32($1) ?? 0 }
        let list = sorted.prefix(named).map { process in
            let name = attribute("\(roots.proc)/\(process)/comm") ?? "unknown"
            return "\(process) (\(name.printable))"
        }
        return sorted.count > named ? list + ["\(sorted.count - named) more"] : list
    }
}

/// readlink(2); nil if it is none or cannot be read.
func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
}
