/// Where an ext3 or ext4 keeps its journal, and what that says of itself (kernel: Documentation/filesystems/ext4/journal.rst
/// and ifork.rst).
package enum Ext4Journal {
    /// A block of the file system.
    package enum Place: Hashable, Sendable {
        case journal(UInt64)
        /// A node of the tree of extents that leads to it.
        case node(UInt64)
    }

    /// Bytes of a node, and of the journal's superblock, that are looked at.
    package static let length = 36
    /// More nodes than one below another are damage.
    package static let maximumDepth = 5
    private static let extentMagic: UInt16 = 0xF30A
    /// Big-endian, as everything in a journal.
    private static let magic: [UInt8] = [0xC0, 0x3B, 0x39, 0x98]
    private static let errorPlace = 0x20..<0x24

    /// Where the journal's first block is, by the inode's own map of its blocks or a node below it.
    ///
    /// - Returns: nil for what is no such map.
    package static func place(node: [UInt8]) -> Place? {
        guard node.count >= 24 else { return nil }
        var reader = LittleEndianReader(bytes: node, position: 0)
        let magic: UInt16 = reader.next()
        guard magic == extentMagic else {
            // Without extents, the map begins with the numbers of blocks.
            reader.position = 0
            let block: UInt32 = reader.next()
            return block == 0 ? nil : .journal(UInt64(block))
        }
        let count: UInt16 = reader.next()
        reader.position = 6
        let depth: UInt16 = reader.next()
        reader.position = 12
        let firstBlock: UInt32 = reader.next()
        guard count > 0, firstBlock == 0 else { return nil }
        if depth > 0 {
            let low: UInt32 = reader.next()
            let high: UInt16 = reader.next()
            return .node(UInt64(high) << 32 | UInt64(low))
        }
        reader.position = 18
        let high: UInt16 = reader.next()
        let low: UInt32 = reader.next()
        return .journal(UInt64(high) << 32 | UInt64(low))
    }

    /// The error for which the kernel aborted the journal, which it writes there at once and clears with the next mount; 0 if
    /// there was none.
    ///
    /// - Returns: nil for what is no superblock of a journal.
    package static func error(superblock: [UInt8]) -> Int32? {
        guard superblock.count >= errorPlace.upperBound, superblock.starts(with: magic) else { return nil }
        return Int32(bitPattern: superblock[errorPlace].reduce(0) { $0 << 8 | UInt32($1) })
    }
}
