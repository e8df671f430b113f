import AutohealCore

/// A ZIP archive with one file (APPNOTE.TXT 6.3), as Lambda takes it; without a time, so that its digest is stable.
struct ZipArchive {
    let bytes: [UInt8]

    init(file name: String, content: [UInt8]) {
        let name = Array(name.utf8)
        let packed = Deflate(content).bytes
        // Version 2.0, no flags, DEFLATE, midnight of 1980-01-01.
        var fields: [UInt8] = [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0]
        fields += littleEndian(crc32(content))
        fields += littleEndian(UInt32(truncatingIfNeeded: packed.count))
        fields += littleEndian(UInt32(truncatingIfNeeded: content.count))
        fields += littleEndian(UInt16(truncatingIfNeeded: name.count)) + [0, 0]
        let local = [0x50, 0x4B, 3, 4] + fields + name + packed
        // Made on Unix: a regular file that everyone may read, which Lambda needs.
        var central: [UInt8] = [0x50, 0x4B, 1, 2, 20, 3] + fields + [0, 0, 0, 0, 0, 0]
        central += littleEndian(UInt32(0o100644) << 16) + [0, 0, 0, 0] + name
        var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]
        end += littleEndian(UInt32(truncatingIfNeeded: central.count))
        end += littleEndian(UInt32(truncatingIfNeeded: local.count)) + [0, 0]
        bytes = local + central + end
    }
}
