/// First sectors of formats whose own tools need a kernel driver that a test machine may lack.
package enum Superblocks {
    /// md version 1 (kernel: drivers/md/md_p.h, `struct mdp_superblock_1`).
    ///
    /// - Parameter sector: where it lies, in sectors of 512 bytes; it says so itself.
    package static func raid(sector: UInt64) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 1024)
        block.put(0xA92B_4EFC as UInt32, at: 0)
        block.put(1 as UInt32, at: 4)
        block.put([UInt8](repeating: 0x11, count: 16), at: 16)
        block.put(Array("host:data".utf8), at: 32)
        block.put(1 as UInt32, at: 72)
        block.put(100_000 as UInt64, at: 80)
        block.put(2 as UInt32, at: 92)
        block.put(2048 as UInt64, at: 128)
        block.put(100_000 as UInt64, at: 136)
        block.put(sector, at: 144)
        return block
    }

    /// The uberblocks of a pool's first label, 1 KiB each, to be put at 128 KiB.
    package static var zfs: [UInt8] {
        var ring = [UInt8](repeating: 0, count: 8 << 10)
        for index in 0..<8 {
            ring.put(0x00BA_B10C as UInt64, at: index << 10)
            ring.put(5000 as UInt64, at: index << 10 + 8)
            ring.put(UInt64(index), at: index << 10 + 16)
        }
        return ring
    }

    /// Magic and version 4; a boot sector's length, so that an ext4 behind it stays.
    package static var squashfs: [UInt8] {
        var sector = [UInt8](repeating: 0, count: 512)
        sector.put(Array("hsqs".utf8), at: 0)
        sector.put(4 as UInt16, at: 28)
        return sector
    }
}

extension [UInt8] {
    /// Little-endian.
    fileprivate mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        Swift.withUnsafeBytes(of: value.littleEndian) { put(Array($0), at: offset) }
    }

    fileprivate mutating func put(_ bytes: [UInt8], at offset: Int) {
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
}
