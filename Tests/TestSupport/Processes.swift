import Glibc

/// What /proc says of processes.
package enum Processes {
    /// - Parameter name: as the kernel shortens it, at most 15 bytes.
    package static func children(of parent: Int32, named name: String) -> [Int32] {
        var children: [Int32] = []
        guard let stream = opendir("/proc/\(parent)/task") else { return [] }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let thread = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                    String(cString: $0)
                }
            }
            let list = Files.text("/proc/\(parent)/task/\(thread)/children") ?? ""
            children += list.split(separator: " ").compactMap { Int32($0) }
        }
        return children.filter { Files.text("/proc/\($0)/comm") == "\(name)\n" }
    }

    /// One letter, as in ps(1); nil once it is gone.
    package static func state(of process: Int32) -> Character? {
        Files.text("/proc/\(process)/stat")?.split(separator: ")").last?.dropFirst().first
    }
}
