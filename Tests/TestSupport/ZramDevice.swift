import Glibc

/// A disk of compressed memory that is really plugged in, with the kernel's events, and unplugged at the end (zram).
package struct ZramDevice: ~Copyable {
    package let node: String
    private let number: String

    /// The new disk has size 0.
    package init() throws {
        // Reading it makes one (kernel: Documentation/admin-guide/blockdev/zram.rst).
        guard let text = Files.text("/sys/class/zram-control/hot_add") else {
            throw MissingProgram(name: "zram", package: "a kernel with it, and load the module")
        }
        number = String(text.prefix { $0.isNumber })
        node = "/dev/zram\(number)"
    }

    deinit {
        let number = number
        Eventually.holdsSoon {
            try? Files.write("1", to: "/sys/block/zram\(number)/reset")
            try? Files.write(number, to: "/sys/class/zram-control/hot_remove")
            return !Files.exists("/sys/block/zram\(number)")
        }
    }

    /// - Parameter size: bytes.
    package func setSize(_ size: UInt64) throws { try Files.write("\(size)", to: "/sys/block/zram\(number)/disksize") }
}
