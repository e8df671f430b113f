import AutohealHost
import Glibc
import SystemPackage
import TestSupport

/// A recorded sysfs: the attribute files of block devices, as Nitro and Xen instances have them.
struct RecordedMachine: ~Copyable {
    private let scratch: ScratchDirectory

    init() throws {
        let scratch = try ScratchDirectory()
        for directory in ["/sys", "/sys/class", "/sys/class/block", "/sys/dev", "/sys/dev/block", "/dev", "/proc"] {
            try Files.makeDirectory(scratch.path + directory)
        }
        self.scratch = scratch
    }

    var roots: MachineRoots {
        MachineRoots(sys: scratch.path + "/sys", dev: scratch.path + "/dev", proc: scratch.path + "/proc")
    }

    /// - Parameter attributes: file by file, `device/serial` and the like.
    func add(_ name: String, _ attributes: [String: String]) throws {
        let entry = "\(scratch.path)/sys/class/block/\(name)"
        try Files.makeDirectory(entry)
        for (file, content) in attributes {
            if file.contains("/") { _ = try? Files.makeDirectory("\(entry)/\(file.prefix { $0 != "/" })") }
            try Files.write(content + "\n", to: "\(entry)/\(file)")
        }
    }

    /// A symbolic link below the root of the recorded tree.
    func link(_ path: String, to target: String) throws {
        guard symlink(scratch.path + target, scratch.path + path) == 0 else { throw Errno(rawValue: errno) }
    }

    func makeDirectory(_ path: String) throws { try Files.makeDirectory(scratch.path + path) }

    func addNVMe(_ name: String, number: String, model: String, serial: String) throws {
        try add(
            name,
            [
                "dev": number, "size": "33554432", "device/model": model.padded(to: 40),
                "device/serial": serial.padded(to: 20),
            ]
        )
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
